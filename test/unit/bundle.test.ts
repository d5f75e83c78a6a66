import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { unstable_readConfig as readConfig } from 'wrangler'
import * as webhooks from '../../src/webhooks/index.ts'

const root = resolve(import.meta.dirname, '../..')
/** KiB after gzip, as `npm run deploy:check` prints them to a tenth: with all providers. */
const MAX_WORKER_KIB = 100
/** The same without providers and their engine: a little above what is reached, so that nothing comes in unseen. */
const MAX_REST_KIB = 79
/** How much larger it is for whoever deploys with a wrangler.toml that has none of our aliases. */
const MAX_WITHOUT_ALIASES_KIB = 20

type Entry = { entryPoints: string[] } | { stdin: { contents: string; resolveDir: string } }

const worker = { entryPoints: ['src/worker.ts'] }
const { alias = {}, minify } = readConfig({ config: resolve(root, 'wrangler.toml') })

/** Bundles as wrangler does, and tells what ended up in it. */
async function bundled(entry: Entry, { aliases = alias, leaveOut = [] as string[] } = {}) {
  const { outputFiles, metafile } = await build({
    ...entry,
    absWorkingDir: root,
    alias: aliases,
    bundle: true,
    minify: minify ?? false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', ...leaveOut],
    // What `npm start` puts in place of it is a list of names and options.
    define: { DEMO_PROVIDERS: '[]' },
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  const inputs = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  const bytes = new Map<string, number>()
  for (const [name, { bytesInOutput }] of inputs) {
    const part = partOf(name)
    bytes.set(part, (bytes.get(part) ?? 0) + bytesInOutput)
  }
  return {
    text: outputFiles[0]?.text ?? '',
    kib: gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length / 1024,
    files: inputs.map(([name]) => name),
    bytes,
  }
}

/** The package of a file, or its room in `src/`. */
function partOf(file: string): string {
  const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? []
  return name ?? file.split('/').slice(0, -1).slice(0, 3).join('/')
}

/** Bytes after minify by part, before gzip, the largest first. */
function tableOf(bytes: ReadonlyMap<string, number>): string {
  const rows = [...bytes].sort(([, a], [, b]) => b - a)
  return rows.map(([part, size]) => `${String(size).padStart(7)} ${part}`).join('\n')
}

it('the Worker of this repository stays small', async () => {
  const { kib, bytes } = await bundled(worker)
  console.log(`src/worker.ts: ${kib.toFixed(1)} KiB gzip; bytes by package:\n${tableOf(bytes)}`)
  expect(kib).toBeLessThan(MAX_WORKER_KIB)
})

const providers = Object.entries(webhooks).filter(([, provider]) => 'scheme' in provider)
const entryOf = ([, provider]: (typeof providers)[number]) =>
  `src/webhooks/providers/${'scheme' in provider ? provider.scheme.name : ''}.ts`

it('with every provider and both backends it is below 100 KiB', async () => {
  const names = providers.map(([name]) => name).join(', ')
  const contents = `
    import { ${names} } from 'sallyport/webhooks'
    export * from './src/worker.ts'
    export { default } from './src/worker.ts'
    export const providers = [${names}]`
  const { kib, files, bytes } = await bundled({ stdin: { contents, resolveDir: root } })
  console.log(`with every provider: ${kib.toFixed(1)} KiB gzip; bytes by package:\n${tableOf(bytes)}`)
  expect(providers.length).toBeGreaterThan(80)
  for (const provider of providers) expect(files).toContain(entryOf(provider))
  expect(files).toContain('src/state/upstash/backend.ts')
  expect(files).toContain('src/state/durable-object/backend.ts')
  expect(kib).toBeLessThan(MAX_WORKER_KIB)
})

it('a Worker with three providers carries no other one, and no other kind of proof', async () => {
  const contents = `
    import { github, mux, stripe } from 'sallyport/webhooks'
    export const providers = [github, stripe, mux]`
  const { files } = await bundled({ stdin: { contents, resolveDir: root } })
  expect(files.filter((name) => name.includes('/providers/')).sort()).toEqual(
    ['github', 'mux', 'stripe'].map((name) => `src/webhooks/providers/${name}.ts`),
  )
  const others =
    /webhooks\/(?:certificates|compact|embedded|hashed|hmac-webhook|jws|multipart|published|token)\.ts$/
  expect(files.filter((name) => others.test(name))).toEqual([])
})

it('no Worker carries what is for signers and for people', async () => {
  const { files, text } = await bundled({ entryPoints: ['src/dev/worker.ts'] })
  expect(files.filter((name) => name.startsWith('src/testing/'))).toEqual([])
  // The months in which entries were checked, and the names of checks that the command line explains a token with.
  expect(text).not.toMatch(/checked:|identifiers/)
  // A body with its signature, which the signer of Dropbox Sign makes.
  expect(text).not.toContain('sallyport-boundary')
})

it('its rest beside the providers stays small', async () => {
  const { kib, files } = await bundled(worker, { leaveOut: ['sallyport/webhooks'] })
  console.log(`src/worker.ts without providers: ${kib.toFixed(1)} KiB gzip`)
  expect(files.filter((name) => name.startsWith('src/webhooks/'))).toEqual([])
  // Tokens are among its routes, and none of them calls dpop().
  expect(files).toContain('src/credentials/jwt.ts')
  expect(files.filter((name) => name.startsWith('src/credentials/dpop/'))).toEqual([])
  expect(kib).toBeLessThan(MAX_REST_KIB)
})

it('it runs Upstash on the packages themselves, and carries no part of them that it never runs', async () => {
  const { files, bytes } = await bundled(worker)
  expect(files.filter((name) => name.includes('@upstash/')).map((name) => name.slice(13))).toEqual([
    '@upstash/redis/chunk-4WQYU7T6.mjs',
    '@upstash/ratelimit/dist/index.mjs',
  ])
  expect(files).toContain('src/state/upstash/slim/redis.ts')
  // The transport alone: with the client beside it these would be 76,000.
  expect(bytes.get('@upstash/redis')).toBeLessThan(6000)
  // Scripts as they are written, with their comments, stay at home.
  expect(files.filter((name) => name.startsWith('src/state/upstash/scripts/'))).toEqual([
    'src/state/upstash/scripts/packed.ts',
    'src/state/upstash/scripts/index.ts',
  ])
})

it('without the aliases of wrangler.toml it is larger, and whole', async () => {
  const { kib } = await bundled(worker)
  const whole = await bundled(worker, { aliases: {} })
  console.log(`src/worker.ts without aliases: ${whole.kib.toFixed(1)} KiB gzip`)
  expect(whole.kib - kib).toBeLessThan(MAX_WITHOUT_ALIASES_KIB)
  expect(whole.files).toContain('node_modules/@upstash/redis/cloudflare.mjs')
  expect(whole.files.filter((name) => name.includes('/slim/'))).toEqual([])
})

it('a Worker carries what it uses alone: one webhook needs neither tokens nor Upstash', async () => {
  const contents = `
    import { createGateway, defineRoute } from 'sallyport'
    import { durableObjectState } from 'sallyport/durable-object'
    import { github } from 'sallyport/webhooks'
    export { SallyportState } from 'sallyport/durable-object'
    const route = defineRoute({ method: 'POST', path: '/hooks', owner: 'a', sensitivity: 'internal',
      authenticate: github({ secret: 'S', events: ['push'] }), forward: { to: 'ORIGIN_URL' } })
    export default createGateway({ route }, { state: { 'durable-object': durableObjectState() } })`
  const { files } = await bundled({ stdin: { contents, resolveDir: root } })
  expect(files).toContain('src/webhooks/providers/github.ts')
  const foreign =
    /node_modules\/(jose|@upstash)|src\/(credentials\/(?!api-key\/record)|keys|state\/upstash|webhooks\/providers\/(?!github\.ts))/
  expect(files.filter((name) => foreign.test(name))).toEqual([])
})
