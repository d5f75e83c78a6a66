import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { type Configuration, checkConfiguration, type Verdict } from './configuration.ts'
import { LoadError, loadConfiguration } from './load.ts'
import { wranglerCommand } from './wrangler.ts'

/** What the check says, and what it looked at where it could read it. */
export type Checked =
  | { ok: true; summary: string; configuration: Configuration }
  | { ok: false; message: string }

/** Checks the project in `root`: routes, wrangler.toml and .dev.vars.example. */
export async function checkProject(root: string): Promise<Checked> {
  try {
    const configuration = await loadConfiguration(root)
    const verdict: Verdict = checkConfiguration(configuration)
    return verdict.ok ? { ...verdict, configuration } : verdict
  } catch (error) {
    if (error instanceof LoadError) return { ok: false, message: error.message }
    throw error
  }
}

/** Asks wrangler whether routes/env.d.ts is what it would generate now; a second process, hence not part of `npm start`. */
async function checkEnvTypes(root: string): Promise<{ ok: true } | { ok: false; message: string }> {
  const args = ['types', 'routes/env.d.ts', '--include-runtime=false', '--env-file', '.dev.vars.example']
  const child = spawn(process.execPath, [wranglerCommand(), ...args, '--check'], {
    cwd: root,
    env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  if (code === 0) return { ok: true }
  const said = `${stdout}${stderr}`
  return {
    ok: false,
    message: /out of date/i.test(said)
      ? 'routes/env.d.ts: is out of date with wrangler.toml or .dev.vars.example; run npm run env-types'
      : `routes/env.d.ts: wrangler types --check failed: ${said.trim()}`,
  }
}

/** Checks the project and its generated types, as a deployment needs them. */
export async function checkWhole(root: string): Promise<Checked> {
  const checked = await checkProject(root)
  const types = checked.ok ? await checkEnvTypes(root) : checked
  return types.ok ? checked : types
}

/** Says what is wrong, for whoever reads the terminal, and makes the process fail. */
export function complain(message: string): void {
  console.error(`sallyport check: ${message}`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const checked = await checkWhole(process.cwd())
  if (checked.ok) console.log(`sallyport check: ${checked.summary}`)
  else complain(checked.message)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
