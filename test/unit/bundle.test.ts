import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
/** KiB after gzip; what `npm run deploy:check` prints is wrangler's own figure, about the same. */
const MAX_WORKER_KIB = 112

/** Bundles as wrangler does, and tells the packages and files that ended up in it. */
async function bundled(
  entry: { entryPoints: string[] } | { stdin: { contents: string; resolveDir: string } },
) {
  const { outputFiles, metafile } = await build({
    ...entry,
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  const inputs = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  return {
    kib: gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length / 1024,
    files: inputs.map(([name]) => name),
  }
}

it('the Worker of this repository stays small', async () => {
  const { kib } = await bundled({ entryPoints: ['src/worker.ts'] })
  console.log(`src/worker.ts: ${kib.toFixed(1)} KiB gzip`)
  expect(kib).toBeLessThan(MAX_WORKER_KIB)
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
  expect(files).toContain('src/webhooks/github.ts')
  const foreign =
    /node_modules\/(jose|@upstash)|src\/(credentials\/(?!api-key\/record)|keys|state\/upstash|webhooks\/(stripe|slack|shopify|standard))/
  expect(files.filter((name) => foreign.test(name))).toEqual([])
})
