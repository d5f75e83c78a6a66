import { CHECKED } from './wrangler.ts'

// What wrangler runs before it bundles (`[build]` in wrangler.toml), so that `npx wrangler deploy` is checked like `npm run
// deploy`. Silent when all is well.

/** `wrangler types` runs this as well: it is a part of the check, and the way to mend what the check found. */
const { WRANGLER_COMMAND: command, [CHECKED]: checked } = process.env
const isPointless = command === 'types' || (command === 'dev' && checked === '1')

if (!isPointless) {
  const { checkProject, checkWhole, complain } = await import('./check.ts')
  // While somebody edits, a second is what there is time for.
  const outcome = await (command === 'dev' ? checkProject : checkWhole)(process.cwd())
  if (!outcome.ok) complain(outcome.message)
}
