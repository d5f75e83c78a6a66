import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import Provider from 'oidc-provider'
import { proof, type Signer } from '../../unit/credentials/dpop/proofs.ts'
import { Memory } from './memory.ts'

export const AUDIENCE = 'https://orders.test/api'
const CLIENT = { id: 'client-1', secret: 'client-secret-canary-2b2b' }

export interface IssuerOptions {
  /** What access tokens are signed with. @default 'ES256' */
  alg?: 'ES256' | 'RS256'
  /** Seconds. @default 300 */
  lifetime?: number
}

/** An authorization server of the library `oidc-provider`, on a port of its own. */
export interface Issuer {
  url: string
  /** Paths that were asked for, since the last look. */
  asked(): string[]
  /** Another instance with other keys takes the place of this one. */
  rotate(options?: IssuerOptions): void
  /** An access token by the client credentials grant; with a key it is bound to it, and without a resource it is opaque. */
  token(options?: { by?: Signer; resource?: string | undefined; scope?: string }): Promise<string>
  close(): Promise<void>
}

export async function startIssuer(options: IssuerOptions = {}): Promise<Issuer> {
  const paths: string[] = []
  let listener: RequestListener = () => {}
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the issuer has no TCP port')
  const url = `http://127.0.0.1:${address.port}`
  const rotate = (more: IssuerOptions = {}): void => {
    listener = new Provider(url, configuration(more)).callback()
  }
  rotate(options)
  return {
    url,
    asked: () => paths.splice(0),
    rotate,
    token: async ({ by, resource = AUDIENCE, scope = 'orders:read' } = {}) => {
      const endpoint = `${url}/token`
      const asked = await fetch(endpoint, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
          ...(by && { dpop: tokenProof(by, endpoint) }),
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope, ...(resource && { resource }) }),
      })
      const answer = (await asked.json()) as { access_token?: string; token_type?: string }
      if (answer.access_token === undefined || answer.token_type !== (by ? 'DPoP' : 'Bearer'))
        throw new Error(`the issuer gave no such token: ${JSON.stringify(answer)}`)
      return answer.access_token
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const tokenProof = (by: Signer, htu: string): string =>
  proof({
    by,
    claims: {
      htm: 'POST',
      htu,
      iat: Math.floor(Date.now() / 1000),
      jti: randomUUID(),
      ath: undefined,
    },
  })

function configuration({ alg = 'ES256', lifetime = 300 }: IssuerOptions): Record<string, unknown> {
  const keys = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ].map(({ privateKey }) => ({ ...privateKey.export({ format: 'jwk' }), use: 'sig' }))
  return {
    adapter: Memory,
    jwks: { keys },
    ttl: { ClientCredentials: () => lifetime },
    scopes: ['orders:read', 'orders:write'],
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    enabledJWA: { dPoPSigningAlgValues: ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: (_context: unknown, audience: string) => ({
          audience,
          scope: 'orders:read orders:write',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg } },
        }),
      },
    },
  }
}
