import { type Awaitable, allow, deny, type Result, secretOf } from '../../contract.ts'
import { utf8 } from '../../lib/digest.ts'
import type { SecretName, VarName } from '../../names.ts'
import { ask, type Got } from '../ask.ts'
import { jws } from '../jws.ts'
import { readObject } from '../object.ts'
import { provider } from '../provider.ts'
import { published } from '../published.ts'
import type { Asked, Facts } from '../scheme.ts'

interface PlaidOptions {
  /** The name of a var or secret with the `client_id` that asks for keys. */
  clientId: SecretName | VarName
  /** The name of the secret with the `secret` that asks for keys. */
  secret: SecretName
  /** @default 'production' */
  environment?: 'production' | 'sandbox'
  /** The name of a var or secret with one public key (JWK), taken in place of what Plaid publishes: for tests. */
  key?: SecretName | VarName
}

/** A public key of Plaid's, and when it ends, milliseconds since the epoch. */
interface PlaidKey {
  kid: string
  key: CryptoKey
  expiresAt: number | undefined
}

interface Access {
  url: string
  body: string
}

const ENVIRONMENTS = ['production', 'sandbox']
const MAX_BYTES = 8192
const UNKNOWN = 'INVALID_WEBHOOK_VERIFICATION_KEY_ID'
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' }

const keys = /* @__PURE__ */ published<PlaidKey, Access>({
  what: 'key',
  get: async (_, { url, body }, signal): Promise<Got<PlaidKey>> => {
    const headers = { 'content-type': 'application/json', 'user-agent': 'sallyport' }
    const answer = await ask(url, { method: 'POST', headers, body, signal }, MAX_BYTES, [200, 400])
    if (!answer.ok) return answer
    const { key, error_code } = readObject(answer.value.bytes) ?? {}
    if (answer.value.status === 400) {
      return { ok: false, fault: 'the answer has status 400', isFinal: error_code === UNKNOWN }
    }
    const imported = await importKey(key)
    return imported ? { ok: true, value: imported } : { ok: false, fault: 'is no ES256 key' }
  },
  // What has ended since is told by Plaid alone.
  freshMs: 3_600_000,
  unknown: { burst: 2, everyMs: 30_000 },
})

/** A name of a var or secret, whatever a caller without types has given. */
const isName = (name: unknown) => typeof name === 'string' && name !== ''

/** The key that a token names, as Plaid publishes it or as the deployment has it. */
async function keyFor(
  kid: string,
  { options, means, client, now }: Asked<PlaidOptions>,
): Promise<Result<CryptoKey>> {
  const { environment = 'production', clientId, secret } = options
  const id = secretOf(means.env, clientId)
  const password = secretOf(means.env, secret)
  let found: Awaitable<Result<PlaidKey>>
  if (options.key !== undefined) found = pinnedKey(secretOf(means.env, options.key), options.key)
  else if (id === undefined || password === undefined) {
    return deny('not_configured', `${id === undefined ? clientId : secret} is not set`)
  } else {
    const url = `https://${environment}.plaid.com/webhook_verification_key/get`
    const body = JSON.stringify({ client_id: id, secret: password, key_id: kid })
    found = keys(`${environment} ${clientId} ${kid}`, { url, body }, means, { client, now })
  }
  const held = await found
  if (!held.ok) return held
  if (held.value.kid !== kid) return deny('signature_refused', 'the key has another kid')
  const { key, expiresAt } = held.value
  return expiresAt !== undefined && now >= expiresAt
    ? deny('signature_refused', 'the key has ended')
    : allow(key)
}

async function pinnedKey(text: string | undefined, name: string): Promise<Result<PlaidKey>> {
  const key = text === undefined ? undefined : await importKey(readObject(utf8(text)))
  return key ? allow(key) : deny('not_configured', `${name} has no ES256 key as a JWK with a kid`)
}

/** Imports a JWK whose every word fits (RFC 7518 section 6.2.1). */
async function importKey(jwk: unknown): Promise<PlaidKey | undefined> {
  const { kty, crv, alg, use, kid, x, y, expired_at } = Object(jwk) as Readonly<Record<string, unknown>>
  if (kty !== 'EC' || crv !== 'P-256' || alg !== 'ES256' || (use !== undefined && use !== 'sig'))
    return undefined
  if (typeof kid !== 'string' || typeof x !== 'string' || typeof y !== 'string') return undefined
  const ends = expired_at !== undefined && expired_at !== null
  if (ends && (typeof expired_at !== 'number' || !Number.isFinite(expired_at))) return undefined
  const key = await crypto.subtle
    .importKey('jwk', { kty, crv, x, y }, CURVE, false, ['verify'])
    .catch(() => undefined)
  return key && { kid, key, expiresAt: ends ? expired_at * 1000 : undefined }
}

/**
 * Verifies Plaid's webhooks (`Plaid-Verification`, a JWT with ES256: `iat` of the last 300 s and the SHA-256 of the raw body in
 * hex). The key that the token names is asked of Plaid, once an isolate and hour, with the `client_id` and `secret` of the
 * options; while Plaid cannot be asked, an unknown key is answered with 503. No id is signed and thin events have equal
 * bodies, so that the replay key is the token's own digest: a retry that is signed anew counts as a new delivery.
 * @example
 * import { plaid } from 'sallyport/webhooks'
 *
 * // What `npm run env-types` writes once there are such names.
 * declare global { namespace Cloudflare { interface Env { PLAID_CLIENT_ID: string; PLAID_SECRET: string } } }
 *
 * export const authenticate = plaid({ clientId: 'PLAID_CLIENT_ID', secret: 'PLAID_SECRET', environment: 'sandbox' })
 */
export const plaid = provider({
  name: 'plaid',
  proof: jws({
    header: 'plaid-verification',
    alg: 'ES256',
    key: keyFor,
    bodyHash: { claim: 'request_body_sha256', form: 'hex' },
    time: { claim: 'iat', toleranceSeconds: 300 },
  }),
  options: ['clientId', 'secret', 'environment', 'key'],
  configure({ clientId, secret, environment, key }: PlaidOptions, fail) {
    for (const [option, name] of Object.entries({ clientId, secret })) {
      if (!isName(name)) fail(option, 'is missing; name the var or secret that holds it')
    }
    if (clientId === secret)
      fail('clientId', 'names the secret; name the var or secret that holds the client_id')
    if (environment !== undefined && !ENVIRONMENTS.includes(environment)) {
      fail('environment', "is not known; use 'production' or 'sandbox'")
    }
    if (key !== undefined && !isName(key)) {
      fail('key', 'is no name; name the var or secret that holds a public key, or leave it out')
    }
    return { secrets: [secret], vars: [{ name: clientId }, ...(key === undefined ? [] : [{ name: key }])] }
  },
  timeoutSeconds: 10,
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Plaid',
  source:
    'plaid.com/docs, "Webhook verification"; timeout, retries of a day and the error of an unknown key from memory',
  checked: '2026-11',
  rotation: 'keys by kid, fetched and asked for again each hour; an ended one is refused',
  signs: 'a token with the time and SHA-256 of the body',
  trap: 'the body is hashed with its white space; only ES256 is taken',
}
