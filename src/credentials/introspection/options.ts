import type { GenericSchema } from 'valibot'
import type { Duration } from '../../lib/duration.ts'
import type { SecretName, VarName } from '../../names.ts'
import { durationOf, type Fail, isObject, knownOnly, missingOr, shown } from '../../options.ts'
import type { Claims } from '../../principals.ts'
import type { Dpop } from '../dpop/index.ts'
import type { ClaimsRule } from '../jwt/claims.ts'
import type { Ages } from '../lookups.ts'
import { proofsOnly } from '../proofs-only.ts'
import { introspected } from './profile.ts'

export interface OpaqueTokenOptions<C = Claims> {
  /** Name of the var with the URL of the introspection endpoint (RFC 7662): https, or http on loopback. */
  introspection: VarName
  /** Name of the var with the id of the client that the gateway is to that endpoint. */
  clientId: VarName
  /** The secret of that client; a second one for rotation is read from the same name with `_NEXT`, and tried after a 401. */
  clientSecret: SecretName
  /** Name of the var with the issuer's URL, exactly as the endpoint has it in `iss`. */
  issuer: VarName
  /** What tokens for this API name as their audience: one of these, character by character. */
  audience: string | readonly string[]
  /** Types and validates `principal.claims`, which is what the endpoint said. @default all of it, as it is */
  claims?: GenericSchema<unknown, C>
  /** How long an isolate goes by an answer, at most `'5 m'` and never past `exp`. @default '30 s' */
  cache?: Duration
  /** How long it remembers that a token is not active, at most `'1 m'`. @default '5 s' */
  negativeCache?: Duration
  /** How far the issuer's clock may be from ours, at most `'5 m'`. @default '30 s' */
  tolerance?: Duration
  /** Takes tokens under the scheme DPoP, each with a proof (RFC 9449): `dpop()`. @default only Bearer */
  dpop?: Dpop
}

/** The options of one `opaqueToken`, compiled once. */
export interface Policy {
  ages: Ages
  claims: ClaimsRule
  dpop: Dpop | undefined
}

const OPTIONS = [
  'introspection',
  'clientId',
  'clientSecret',
  'issuer',
  'audience',
  'claims',
  'cache',
  'negativeCache',
  'tolerance',
  'dpop',
]
const MAX_AUDIENCE_CHARS = 255
const MAX_KNOWN_MS = 300_000
const MAX_UNKNOWN_MS = 60_000
const MAX_TOLERANCE_MS = 300_000

const fail: Fail = (option, problem) => {
  throw new TypeError(`opaqueToken: ${option}: ${problem}`)
}

/** Refuses what the compiler would, and what it cannot see. */
export function compilePolicy(options: OpaqueTokenOptions<unknown>): Policy {
  if (!isObject(options)) fail('options', "are missing; write opaqueToken({ issuer: 'ISSUER', … })")
  knownOnly(options, OPTIONS, '', fail)
  for (const name of ['introspection', 'clientId', 'clientSecret', 'issuer'] as const) {
    if (typeof options[name] !== 'string' || (options[name] as string) === '')
      fail(name, `${missingOr(options[name])}; name a ${name === 'clientSecret' ? 'Worker secret' : 'var'}`)
  }
  const { audience, claims, dpop } = options
  const audiences = typeof audience === 'string' ? [audience] : audience
  if (!Array.isArray(audiences) || audiences.length === 0)
    fail('audience', `${missingOr(audience)}; name what tokens for this API have in aud: 'orders-api'`)
  for (const name of audiences) {
    if (typeof name !== 'string' || name === '' || name.length > MAX_AUDIENCE_CHARS)
      fail('audience', `${shown(name)} is not a text of at most ${MAX_AUDIENCE_CHARS} characters`)
  }
  if (claims !== undefined && !(isObject(claims) && 'kind' in claims && claims.kind === 'schema'))
    fail('claims', `${shown(claims)} is no schema; use one of valibot`)
  const ages = {
    knownMs: atMost(options.cache ?? '30 s', MAX_KNOWN_MS, 'cache', '5 m'),
    unknownMs: atMost(options.negativeCache ?? '5 s', MAX_UNKNOWN_MS, 'negativeCache', '1 m'),
  }
  const toleranceMs = atMost(options.tolerance ?? '30 s', MAX_TOLERANCE_MS, 'tolerance', '5 m')
  return {
    ages,
    // How long a token lives is the issuer's to say: it is asked again and again whether it still does.
    claims: { profile: introspected, audiences, toleranceMs, maxLifetimeMs: Number.POSITIVE_INFINITY },
    dpop: dpop === undefined ? undefined : proofsOnly(dpop, fail),
  }
}

function atMost(value: Duration, maxMs: number, option: string, max: Duration): number {
  const ms = durationOf(value, option, fail)
  return ms > maxMs ? fail(option, `'${value}' is too long; use at most '${max}'`) : ms
}
