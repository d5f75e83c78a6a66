import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An issuer on loopback: metadata, a key set, and a count of every request that it gets. */
export interface TestIssuer {
  url: string
  /** The paths that were asked for, in order. */
  hits: string[]
  /** The JWKs that are published from now on. */
  keys: object[]
  /** Drops every connection while true. */
  isDown: boolean
  close(): Promise<void>
}

export async function startIssuer(keys: object[]): Promise<TestIssuer> {
  const server: Server = createServer((request, response) => {
    issuer.hits.push(request.url ?? '')
    if (issuer.isDown) {
      response.destroy()
      return
    }
    const { url } = issuer
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/jwks.json` },
      '/jwks.json': { keys: issuer.keys },
    }
    const found = documents[request.url ?? '']
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? {}))
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hits: [],
    keys,
    isDown: false,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
  return issuer
}
