import { compactVerify, decodeProtectedHeader } from 'jose'
import { createGateway, defineRoute, type TokenPrincipal } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { deny } from '../../../src/contract.ts'
import { type CredentialAuthenticator, credential } from '../../../src/credentials/engine.ts'
import { remoteKeys } from '../../../src/keys/index.ts'

export { SallyportState } from 'sallyport/durable-object'

// The test moves the clock through a door; timers and the runtime's own clock stay as they are.
const realNow = Date.now
let offsetMs = 0
Date.now = () => realNow() + offsetMs

type Store = Parameters<ReturnType<typeof remoteKeys>['find']>[1]['store']

/** Shared state in the test's process, so that it outlives the isolate and can be looked into. */
const storeAt = (url: string): Store => ({
  async recall(name, signal) {
    const response = await fetch(`${url}/${name}`, { signal: signal ?? null })
    return response.status === 200 ? response.text() : undefined
  },
  async keep(name, text, _ttlMs, signal) {
    await fetch(`${url}/${name}`, { method: 'PUT', body: text, signal: signal ?? null })
  },
  findApiKey: async () => undefined,
})

/** Nothing but the keys of an issuer: who has signed by one of them is let in. */
const signed: CredentialAuthenticator<TokenPrincipal> = credential([
  {
    name: 'signed text',
    kind: 'token',
    secrets: [],
    places: [{ in: 'authorization', scheme: 'bearer' }],
    challenges: [{ scheme: 'Bearer' }],
    takes: () => true,
    inspect({ text }, { now }) {
      const { kid, alg = '' } = decodeProtectedHeader(text)
      return {
        ok: true,
        async value(_, means) {
          const issuer = String(means.env.ISSUER)
          const jwksUrl = means.env.DISCOVER === 'yes' ? undefined : `${issuer}/jwks.json`
          const source = remoteKeys({ issuer, jwksUrl, algorithms: ['ES256'] })
          const store = storeAt(String(means.env.STORE_URL))
          const found = await source.find({ kid, algorithm: alg }, { ...means, store }, now)
          if (found.found === 'unavailable') {
            const { retryAfterSeconds } = found
            return deny('issuer_unavailable', found.reason ?? 'no reason', { retryAfterSeconds })
          }
          if (found.found === 'none') return deny('credential_refused', 'no such key')
          for (const { key } of found.keys) {
            const isGood = await compactVerify(text, key).then(
              () => true,
              () => false,
            )
            if (!isGood) continue
            const principal: TokenPrincipal = {
              kind: 'token',
              id: `${issuer}|test`,
              issuer,
              sub: 'test',
              clientId: undefined,
              scopes: [],
              roles: [],
              claims: {},
            }
            const stale = deny('issuer_unavailable', 'the keys are stale').denial
            return { ok: true, value: { principal, ...(found.isStale && { warnings: [stale] }) } }
          }
          return deny('credential_refused', 'the signature is wrong')
        },
      }
    },
  },
])

const base = {
  method: 'GET',
  owner: 'platform',
  sensitivity: 'internal',
  authenticate: signed,
  authorize: () => true,
  // Longer than any stall of a test machine: what has to be quick is shown by what it does not wait for.
  deadline: '15 s',
  budget: '15 s',
  forward: { to: 'ORIGIN_URL', timeout: '10 s' },
} as const

const gateway = createGateway(
  { one: defineRoute({ ...base, path: '/one' }), two: defineRoute({ ...base, path: '/two' }) },
  { state: { 'durable-object': durableObjectState() } },
)

export default {
  async fetch(request: Request, env: Cloudflare.Env, ctx: ExecutionContext): Promise<Response> {
    if (request.headers.get('host') === 'door.test') {
      offsetMs += await request.json<number>()
      return Response.json(offsetMs)
    }
    return gateway.fetch(request, env as never, ctx)
  },
}
