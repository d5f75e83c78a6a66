import { type DemoProvider, demoSecrets, privateKeyName } from './demo-providers.ts'

type Values = Readonly<Record<string, string | undefined>>

const HEADING = '# The other providers of the playground, at /webhooks/<name>.\n'

/** Lines of `.dev.vars`. */
export const linesOf = (values: Values): string =>
  Object.entries(values)
    .map(([name, value = '']) => `${name}=${written(value)}\n`)
    .join('')

/** A value as `parseEnv` and wrangler read it back; only certificates have line breaks. */
const written = (value: string): string => (value.includes('\n') ? JSON.stringify(value) : value)

/** Lines for the playground's own providers, to stand behind what the file has; the heading stands once. */
export function demoLines(existing: string, values: Values): string {
  if (Object.keys(values).length === 0) return ''
  const isLineOpen = existing !== '' && !existing.endsWith('\n')
  return `${isLineOpen ? '\n' : ''}${existing.includes(HEADING) ? '' : HEADING}${linesOf(values)}`
}

/**
 * Fresh secrets of providers for what a file does not name, and of how many providers they are. A name that stands there is
 * left, even where it is empty; and the halves of a key pair are made together or not at all.
 */
export async function missingDemoSecrets(
  demo: readonly DemoProvider[],
  found: Values,
): Promise<{ values: Record<string, string>; providers: number }> {
  const values: Record<string, string> = {}
  let providers = 0
  for (const provider of demo) {
    const fresh = Object.entries(await demoSecrets([provider]))
    const isPair = fresh.some(([name]) => name.endsWith(privateKeyName('')))
    const missing = fresh.filter(([name]) => !Object.hasOwn(found, name))
    if (missing.length === 0 || (isPair && missing.length < fresh.length)) continue
    Object.assign(values, Object.fromEntries(missing))
    providers++
  }
  return { values, providers }
}
