import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

/** How the issuer answers for its key set; `metadata` is answered in every mode but `dead` and `silent`. */
export type Mode =
  | 'ok'
  | 'silent'
  | 'dead'
  | 'error'
  | 'html'
  | 'empty'
  | 'huge'
  | 'redirect'
  | 'drip'
  | 'bomb'
  | 'many'

export interface Issuer {
  readonly url: string
  mode: Mode
  keys: readonly object[]
  /** Headers of the key set's answers. */
  headers: Record<string, string>
  /** What the metadata say in place of the usual. */
  metadata: Record<string, unknown>
  /** Paths that are answered with 404. */
  missing: string[]
  requests: { path: string; headers: IncomingMessage['headers'] }[]
  /** GETs of the key set so far. */
  readonly fetches: number
  /** Answers what `silent` holds back. */
  release(): void
  close(): Promise<void>
}

export const KEYS_PATH = '/jwks.json'
/** Nobody who follows a redirect may find good keys. */
const ELSEWHERE = '/elsewhere.json'

/** An issuer on loopback that records what it is asked, and misbehaves as told. */
export async function startIssuer(keys: readonly object[] = []): Promise<Issuer> {
  const held: (() => void)[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    issuer.requests.push({ path, headers: request.headers })
    if (issuer.mode === 'dead') return void request.socket.destroy()
    if (issuer.missing.includes(path)) return void response.writeHead(404).end()
    if (issuer.mode === 'silent') {
      held.push(() => answer(path, response, request))
      return
    }
    answer(path, response, request)
  })

  function answer(path: string, response: ServerResponse, request: IncomingMessage): void {
    if (response.destroyed) return
    if (path.includes('/.well-known/')) {
      const document = { issuer: issuer.url, jwks_uri: `${issuer.url}${KEYS_PATH}`, ...issuer.metadata }
      return void response.end(JSON.stringify(document))
    }
    const set = JSON.stringify({ keys: issuer.keys })
    const { headers } = issuer
    if (headers.etag !== undefined && request.headers['if-none-match'] === headers.etag) {
      return void response.writeHead(304, headers).end()
    }
    switch (path === ELSEWHERE ? 'ok' : issuer.mode) {
      case 'error':
        return void response.writeHead(503).end(set)
      case 'html':
        return void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Sign in')
      case 'empty':
        return void response.end('{"keys":[]}')
      case 'huge':
        return void response.end(set.padEnd(1_000_000))
      case 'bomb':
        // A few kilobytes on the wire.
        return void response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(set.padEnd(1_000_000)))
      case 'many': {
        const copies = Array.from({ length: 65 }, (_, i) => ({ ...issuer.keys[0], kid: `copy-${i}` }))
        return void response.end(JSON.stringify({ keys: copies }))
      }
      case 'redirect':
        return void response.writeHead(302, { location: ELSEWHERE }).end(set)
      case 'drip': {
        response.writeHead(200)
        const timer = setInterval(() => response.write(' '), 50)
        response.once('close', () => clearInterval(timer))
        return
      }
      default:
        return void response.writeHead(200, headers).end(set)
    }
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode: 'ok',
    keys,
    headers: {},
    metadata: {},
    missing: [],
    requests: [],
    get fetches() {
      return issuer.requests.filter(({ path }) => path === KEYS_PATH).length
    },
    release() {
      for (const go of held.splice(0)) go()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
  return issuer
}
