import type { GenericSchema } from 'valibot'
import type { Env, Result } from '../../contract.ts'
import { durationOf, type Fail, isObject, knownOnly, missingOr, oneOf, shown } from '../../options.ts'
import type { Principal } from '../../principals.ts'
import type { Dpop } from '../dpop/index.ts'
import type { IssuerProfile } from '../profiles/profile.ts'
import { plainJwt, rfc9068 } from '../profiles/standard.ts'
import { proofsOnly } from '../proofs-only.ts'
import type { CredentialScheme } from '../scheme.ts'
import { isTokenAlgorithm, TOKEN_ALGORITHMS } from './algorithms.ts'
import type { ClaimsRule } from './claims.ts'
import type { HeaderRule } from './header.ts'
import { type Issuer, issuerReader } from './issuer.ts'
import type { JwtOptions } from './options.ts'

/** The options of one `jwt()`, compiled once. */
export interface Policy {
  /** Counted at load: what one policy has accepted says nothing to another. */
  id: number
  header: HeaderRule
  claims: ClaimsRule
  maxChars: number
  schema: GenericSchema | undefined
  dpop: Dpop | undefined
  /** The issuer and its keys, as the deployment's vars name them. */
  issuerOf: (env: Env) => Result<Issuer>
}

/** What a scheme of `jwt()` holds beside the rest: its policy, for who explains it. */
export interface JwtScheme<P extends Principal = Principal> extends CredentialScheme<P> {
  readonly policy: Policy
}

const NAMES = [
  'issuer',
  'audience',
  'algorithms',
  'keys',
  'profile',
  'type',
  'claims',
  'tolerance',
  'maxLifetime',
  'maxTokenBytes',
  'dpop',
]
/** What no profile can do without. */
const LISTS = ['types', 'required', 'refused', 'audienceFrom', 'clientFrom'] as const
/** RFC 8725 section 3.11: tokens of these types are made for something else. */
const FORBIDDEN_TYPES = ['logout+jwt', 'secevent+jwt', 'dpop+jwt', 'token-introspection+jwt']
const MAX_TOLERANCE_MS = 300_000

let policies = 0

const fail: Fail = (option, problem) => {
  throw new TypeError(`jwt: ${option}: ${problem}`)
}

/** Checks the options of `jwt()` at load. */
export function compilePolicy<S extends GenericSchema>(options: JwtOptions<S>): Policy {
  if (!isObject(options)) fail('options', `is ${shown(options)}; write an object: { issuer: 'ISSUER', … }`)
  knownOnly(options, NAMES, '', fail)
  const { audience, algorithms, claims, dpop, maxTokenBytes = 8192 } = options
  const audiences = typeof audience === 'string' ? [audience] : audience
  if (!Array.isArray(audiences) || audiences.length === 0) {
    fail('audience', `${missingOr(audience)}; name what tokens for this API have in aud: 'orders-api'`)
  }
  for (const name of audiences) {
    if (typeof name !== 'string' || name === '' || name.length > 255)
      fail('audience', `${shown(name)} is not a text of at most 255 characters`)
  }
  if (!Array.isArray(algorithms) || algorithms.length === 0) {
    fail('algorithms', `${missingOr(algorithms)}; name the ones that the issuer signs with: ['ES256']`)
  }
  for (const name of algorithms) {
    if (!isTokenAlgorithm(name)) {
      const all = TOKEN_ALGORITHMS.join(', ')
      fail('algorithms', `${shown(name)} is not taken; use signatures with a key pair: ${all}`)
    }
  }
  if (!Number.isSafeInteger(maxTokenBytes) || maxTokenBytes < 256 || maxTokenBytes > 16_384)
    fail('maxTokenBytes', `is ${shown(maxTokenBytes)}; use a whole number from 256 to 16384`)
  const toleranceMs = durationOf(options.tolerance ?? '30 s', 'tolerance', fail)
  if (toleranceMs > MAX_TOLERANCE_MS)
    fail('tolerance', "lets tokens live on after their end; use at most '5 m'")
  const maxLifetimeMs = durationOf(options.maxLifetime ?? '24 h', 'maxLifetime', fail)
  if (claims !== undefined && (!isObject(claims) || !('~run' in claims)))
    fail('claims', `is ${shown(claims)}; use a valibot schema: v.looseObject({ tenant: v.string() })`)
  const profile = profileOf(options)
  const { types, headerMembers = [] } = profile
  return {
    id: policies++,
    header: { algorithms: [...algorithms], types, ignored: headerMembers },
    claims: { profile, audiences: [...audiences], toleranceMs, maxLifetimeMs },
    maxChars: maxTokenBytes,
    schema: claims,
    dpop: dpop === undefined ? undefined : proofsOnly(dpop, fail),
    issuerOf: issuerReader(options, profile, fail),
  }
}

function profileOf<S extends GenericSchema>({ profile, type }: JwtOptions<S>): IssuerProfile {
  oneOf(type, ['at+jwt', 'jwt'], 'type', fail)
  if (profile !== undefined && !isObject(profile))
    fail('profile', `is ${shown(profile)}; use one of sallyport/credentials: auth0, okta, entra, …`)
  for (const name of LISTS) {
    if (profile !== undefined && !Array.isArray(profile[name]))
      fail(`profile.${name}`, `${missingOr(profile[name])}; spread a profile and change what differs`)
  }
  for (const name of profile?.types ?? []) {
    if (name !== undefined && FORBIDDEN_TYPES.includes(name))
      fail('profile.types', `${name} is no type of access tokens`)
  }
  const base = profile ?? (type === 'jwt' ? plainJwt : rfc9068)
  if (type === undefined) return base
  const wanted: readonly (string | undefined)[] = type === 'jwt' ? ['jwt', undefined] : ['at+jwt']
  const types = base.types.filter((name) => wanted.includes(name))
  if (types.length === 0) fail('type', `${base.name} has no access tokens of this type; leave it out`)
  return { ...base, types }
}
