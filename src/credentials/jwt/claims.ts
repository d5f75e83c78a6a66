import { allow, type Denial, deny, type Result } from '../../contract.ts'
import type { IssuerProfile } from '../profiles/profile.ts'
import type { Members } from './compact.ts'

/** What a token's claims have to be. */
export interface ClaimsRule {
  profile: IssuerProfile
  audiences: readonly string[]
  /** Milliseconds that the issuer's clock may differ from ours. */
  toleranceMs: number
  /** Milliseconds from `iat` to `exp`, at most. */
  maxLifetimeMs: number
}

/** What the claims say, once they are of their form and in force: unverified until the signature is. */
export interface ClaimsFacts {
  sub: string
  tokenId: string | undefined
  session: string | undefined
  clientId: string | undefined
  scopes: readonly string[]
  roles: readonly string[]
  issuedAtMs: number
}

const MAX_AUDIENCES = 16
const MAX_NAME_CHARS = 255
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
/** RFC 6749 section 3.3. */
const SCOPES = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/** What is read of claims, each member of its own form or not. */
interface Reading {
  claims: Members
  issuer: string
  rule: ClaimsRule
  now: number
  clientId: unknown
  tokenId: unknown
  session: unknown
  scopes: readonly string[] | undefined
  roles: readonly string[] | undefined
}

/** Why claims are refused: constants and numbers. */
interface Fault {
  reason: string
  measure?: NonNullable<Denial['measure']>
}

type Check = (reading: Reading) => string | Fault | undefined

/** The checks in their order. */
const CHECKS: readonly Check[] = [
  ({ claims, issuer }) => (claims.iss === issuer ? undefined : "the token is not of the route's issuer"),
  faultOfKind,
  ({ claims, rule: { profile, audiences } }) =>
    namesUs(firstOf(claims, profile.audienceFrom), audiences)
      ? undefined
      : 'the token is not for the audience of the route',
  faultOfLifetime,
  faultOfEnd,
  faultOfBegin,
  ({ claims }) => (isName(claims.sub) ? undefined : "the token's sub is not a short text"),
  faultOfNames,
  ({ scopes }) => (scopes ? undefined : "the token's scopes are not of their form"),
  ({ roles }) => (roles ? undefined : "the token's roles are not of their form"),
]
/** The names under which people are told of them. */
const NAMES = [
  'issuer',
  'kind of token',
  'audience',
  'lifetime',
  'expiry',
  'begin',
  'subject',
  'identifiers',
  'scopes',
  'roles',
]

/** Checks the claims of an access token of `issuer`: strict types, exact names, and the clock. */
export function checkClaims(
  claims: Members,
  issuer: string,
  rule: ClaimsRule,
  now: number,
): Result<ClaimsFacts> {
  const reading = readingOf(claims, issuer, rule, now)
  for (const check of CHECKS) {
    const fault = check(reading)
    if (typeof fault === 'string') return deny('credential_refused', fault)
    if (fault) return deny('credential_refused', fault.reason, fault.measure && { measure: fault.measure })
  }
  return allow(factsOf(reading))
}

/** Each check by its name, with what is wrong: for people who look at one token. */
export function explainClaims(
  claims: Members,
  issuer: string,
  rule: ClaimsRule,
  now: number,
): { name: string; fault: string | undefined }[] {
  const reading = readingOf(claims, issuer, rule, now)
  return CHECKS.map((check, at) => {
    const found = check(reading)
    return { name: NAMES[at] ?? '', fault: typeof found === 'object' ? found.reason : found }
  })
}

function readingOf(claims: Members, issuer: string, rule: ClaimsRule, now: number): Reading {
  const { tokenFrom, sessionFrom, clientFrom, scopesFrom, rolesFrom } = rule.profile
  return {
    claims,
    issuer,
    rule,
    now,
    clientId: firstOf(claims, clientFrom),
    tokenId: tokenFrom === undefined ? undefined : claims[tokenFrom],
    session: sessionFrom === undefined ? undefined : claims[sessionFrom],
    scopes: textsOf(scopesFrom === undefined ? undefined : claims[scopesFrom], splitScopes),
    roles: textsOf(valueAt(claims, rolesFrom), (text) => [text]),
  }
}

/** What every check has passed. */
const factsOf = ({ claims, clientId, tokenId, session, scopes = [], roles = [] }: Reading): ClaimsFacts => ({
  sub: claims.sub as string,
  tokenId: tokenId as string | undefined,
  session: session as string | undefined,
  clientId: clientId as string | undefined,
  scopes,
  roles,
  issuedAtMs: (claims.iat as number) * 1000,
})

function faultOfKind({ claims, rule: { profile } }: Reading): string | undefined {
  for (const names of profile.required) {
    const any = [names].flat()
    if (firstOf(claims, any) === undefined) return `the token has no ${any.join(' or ')}`
  }
  for (const name of profile.refused) {
    if (claims[name] !== undefined) return `the token has ${name}, which no access token has`
  }
  for (const [name, values] of Object.entries(profile.values ?? {})) {
    const value = claims[name]
    if (!values.some((known) => known === value)) return `the token's ${name} is not an access token's`
  }
  return undefined
}

/** `exp` and `iat` are required: without the one a token never ends, without the other it cannot be revoked by its time. */
function faultOfLifetime({ claims: { exp, iat, nbf }, rule }: Reading): string | Fault | undefined {
  if (!isTime(exp)) return "the token's exp is not whole seconds"
  if (!isTime(iat)) return "the token's iat is not whole seconds"
  if (nbf !== undefined && !isTime(nbf)) return "the token's nbf is not whole seconds"
  const lifetimeMs = (exp - iat) * 1000
  if (lifetimeMs <= 0) return 'the token ends before it is issued'
  if (lifetimeMs <= rule.maxLifetimeMs) return undefined
  return { reason: 'the token lives too long', measure: seconds(rule.maxLifetimeMs, lifetimeMs) }
}

function faultOfEnd({ claims: { exp }, rule: { toleranceMs }, now }: Reading): Fault | undefined {
  const pastMs = now - (exp as number) * 1000
  if (pastMs < toleranceMs) return undefined
  return { reason: 'the token has expired', measure: seconds(toleranceMs, pastMs) }
}

function faultOfBegin({
  claims: { iat, nbf = iat },
  rule: { toleranceMs },
  now,
}: Reading): Fault | undefined {
  const aheadMs = Math.max(iat as number, nbf as number) * 1000 - now
  if (aheadMs <= toleranceMs) return undefined
  return { reason: 'the token is not valid yet', measure: seconds(toleranceMs, aheadMs) }
}

function faultOfNames({ rule: { profile }, tokenId, session, clientId }: Reading): string | undefined {
  const isOdd = (value: unknown) => value !== undefined && !isName(value)
  if (isOdd(tokenId)) return `the token's ${profile.tokenFrom} is not a short text`
  if (isOdd(session)) return `the token's ${profile.sessionFrom} is not a short text`
  return isOdd(clientId) ? "the token's client is not a short text" : undefined
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_NAME_CHARS && !CONTROL.test(value)

const firstOf = (claims: Members, names: readonly string[]): unknown => {
  const name = names.find((name) => claims[name] !== undefined)
  return name === undefined ? undefined : claims[name]
}

function namesUs(audience: unknown, audiences: readonly string[]): boolean {
  if (typeof audience === 'string') return audiences.includes(audience)
  if (!Array.isArray(audience) || audience.length > MAX_AUDIENCES) return false
  return audience.every(isName) && audience.some((name) => audiences.includes(name))
}

/** Seconds since the epoch (RFC 7519 section 2), within what a number can count in milliseconds. */
const isTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && Number.isSafeInteger((value as number) * 1000)

const seconds = (limitMs: number, actualMs: number): NonNullable<Denial['measure']> => ({
  limit: limitMs / 1000,
  actual: Math.ceil(actualMs / 1000),
  unit: 'seconds',
})

const splitScopes = (text: string): readonly string[] | undefined => {
  if (text === '') return []
  return SCOPES.test(text) ? text.split(' ') : undefined
}

/** A list of texts, or what one text stands for; undefined for any other form. */
function textsOf(
  value: unknown,
  split: (text: string) => readonly string[] | undefined,
): readonly string[] | undefined {
  if (value === undefined) return []
  if (typeof value === 'string') return split(value)
  return Array.isArray(value) && value.every(isName) ? value : undefined
}

function valueAt(claims: Members, path: readonly string[] | undefined): unknown {
  let value: unknown = path && claims
  for (const name of path ?? []) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Members)[name]
  }
  return value
}
