import { resolve } from 'node:path'
import { build } from 'esbuild'
import { unstable_readConfig as readConfig } from 'wrangler'

/** What is deployed, slimmed as wrangler.toml says. */
const { alias = {} } = readConfig({ config: resolve(import.meta.dirname, '../../../wrangler.toml') })

const bundles = new Map<string, Promise<string>>()

/** Bundles a Worker entry to one ES module, once a process and entry. */
export function bundle(entry: string): Promise<string> {
  let script = bundles.get(entry)
  if (!script) {
    script = bundleNow(entry)
    bundles.set(entry, script)
  }
  return script
}

async function bundleNow(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    alias,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['module', 'main'],
    external: ['cloudflare:*', 'node:*'],
    logLevel: 'silent',
  })
  const [output] = outputFiles
  if (!output) throw new Error(`esbuild made nothing of ${entry}`)
  return output.text
}
