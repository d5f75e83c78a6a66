import { importJWK, type CryptoKey as JoseKey } from 'jose'
import type { GenericSchema } from 'valibot'
import type { Means } from '../../../../src/authenticator.ts'
import type { Identified, Result } from '../../../../src/contract.ts'
import type { CredentialAuthenticator } from '../../../../src/credentials/engine.ts'
import type { JwtOptions } from '../../../../src/credentials/jwt/options.ts'
import { jwt } from '../../../../src/credentials/jwt.ts'
import type { KeySource, VerifyKey } from '../../../../src/keys/index.ts'
import type { Principal, TokenPrincipal } from '../../../../src/principals.ts'
import { headerOf, makeSigner, type Part, type Signer, signToken } from './signer.ts'

/** Unix seconds at which the clock of these tests stands. */
export const NOW = 1_800_000_000
export const ISSUER = 'https://issuer.test'
export const env = { ISSUER }

export const key = makeSigner('ES256', 'k1')

export const goodClaims = {
  iss: ISSUER,
  aud: 'orders-api',
  sub: 'user-1',
  client_id: 'app-1',
  jti: 'token-1',
  iat: NOW - 10,
  exp: NOW + 290,
  scope: 'orders:read orders:write',
  tenant: 'acme',
}

/** Claims over the good ones; undefined leaves one out. */
export const claimsWith = (changes: Readonly<Record<string, unknown>> = {}) => ({ ...goodClaims, ...changes })

export const tokenWith = (
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): string => signToken(key, headerOf(key, header), claimsWith(claims))

/** A token of raw parts: what JSON.stringify would not write. */
export const tokenOf = (header: Part, claims: Part, signer: Signer = key): string =>
  signToken(signer, header, claims)

export interface TestKeys extends KeySource {
  asked: number
  keys: VerifyKey[]
  unavailable: boolean
  isStale: boolean
}

/** Keys of a test, by `kid` and algorithm, with the questions counted. */
export async function keysOf(...signers: readonly Signer[]): Promise<TestKeys> {
  const keys = await Promise.all(
    signers.map(async ({ jwk, kid, algorithm, thumbprint }) => ({
      kid,
      algorithm,
      key: (await importJWK(jwk, algorithm)) as JoseKey,
      thumbprint,
    })),
  )
  const source: TestKeys = {
    asked: 0,
    keys: keys as unknown as VerifyKey[],
    unavailable: false,
    isStale: false,
    find({ kid, algorithm }) {
      source.asked++
      if (source.unavailable) return { found: 'unavailable', retryAfterSeconds: 7 }
      const fitting = source.keys.filter(
        (key) => key.algorithm === algorithm && (kid === undefined || key.kid === kid),
      )
      return fitting.length === 0
        ? { found: 'none' }
        : { found: 'keys', keys: fitting, isStale: source.isStale }
    },
    standing(thumbprint) {
      const isKnown = !source.unavailable && source.keys.some((key) => key.thumbprint === thumbprint)
      return isKnown ? (source.isStale ? 'stale' : 'current') : undefined
    },
  }
  return source
}

export const means: Means = {
  env,
  store: {
    recall: () => Promise.reject(new Error('not asked')),
    keep: () => Promise.reject(new Error('not asked')),
    findApiKey: () => Promise.reject(new Error('not asked')),
  },
  background: () => undefined,
  remainingMs: () => 1000,
}

type Options = Omit<Partial<JwtOptions<GenericSchema>>, 'keys' | 'issuer'>

export const route = (keys: KeySource, options: Options = {}) =>
  jwt({ issuer: 'ISSUER' as never, audience: 'orders-api', algorithms: ['ES256'], keys, ...options })

export function factsOf(headers: HeadersInit, now = NOW * 1000): Identified {
  const request = new Request('https://gateway.test/orders', { headers })
  return {
    id: '01TEST',
    request: request as unknown as Identified['request'],
    headers: new Map(request.headers),
    now,
    method: 'GET',
    host: 'gateway.test',
    scheme: 'https',
    path: '/orders',
    search: '',
    params: {},
    client: { address: undefined, key: undefined, country: undefined, asn: undefined },
  }
}

/** Both halves of an authenticator, as the pipeline runs them. */
export async function authenticate<P extends Principal>(
  authenticator: CredentialAuthenticator<P>,
  token: string,
  { now = NOW * 1000, scheme = 'Bearer', bindings = env as Readonly<Record<string, unknown>> } = {},
) {
  const facts = factsOf({ authorization: `${scheme} ${token}` }, now)
  const inspected = authenticator.inspect(facts, bindings)
  return inspected.ok ? await inspected.value(undefined, { ...means, env: bindings }) : inspected
}

/** `accepted`, or the denial's code and reason. */
export const verdictOf = (result: Result<unknown>): string =>
  result.ok ? 'accepted' : `${result.denial.code}: ${result.denial.reason}`

export const verdict = async (
  authenticator: CredentialAuthenticator<TokenPrincipal<unknown>>,
  token: string,
  options: Parameters<typeof authenticate>[2] = {},
): Promise<string> => verdictOf(await authenticate(authenticator, token, options))
