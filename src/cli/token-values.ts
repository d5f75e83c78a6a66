import type { ClaimsRule } from '../credentials/jwt/claims.ts'
import type { Members } from '../credentials/jwt/compact.ts'
import type { HeaderRule } from '../credentials/jwt/header.ts'
import type { TokenPrincipal } from '../principals.ts'
import type { Rule } from '../rules/index.ts'

/** What a check wants, and what it has found instead or as wanted. */
export interface Compared {
  wanted?: string
  found?: string
}

/** What the checks of claims look at. */
export interface ClaimsInQuestion {
  claims: Members
  rule: ClaimsRule
  /** The issuers that the route takes, each with the name of its var. */
  issuers: readonly { url: string; name: string | undefined }[]
  /** Milliseconds since the epoch. */
  now: number
}

const LONGEST_CHARS = 80
/** Milliseconds since the epoch that a `Date` can say. */
const LAST_MS = 8.64e15

/** A value of a token as JSON, of at most 80 characters. */
export function shown(value: unknown): string {
  if (value === undefined) return 'none'
  const characters = [...JSON.stringify(value)]
  return characters.length <= LONGEST_CHARS
    ? characters.join('')
    : `${characters.slice(0, LONGEST_CHARS - 1).join('')}…`
}

const either = (values: readonly unknown[]): string => values.map(shown).join(' or ')

const named = (members: Members, names: readonly string[]): string =>
  names.map((name) => `${name} ${shown(members[name])}`).join(', ')

/** Text of seconds since the epoch, with the moment where it is one. */
function time(value: unknown): string {
  const ms = Number.isSafeInteger(value) ? (value as number) * 1000 : Number.NaN
  return Math.abs(ms) <= LAST_MS ? `${value} (${momentOf(ms)})` : shown(value)
}

const momentOf = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')

const times = (claims: Members, names: readonly string[]): string =>
  names
    .filter((name) => name !== 'nbf' || claims.nbf !== undefined)
    .map((name) => `${name} ${time(claims[name])}`)
    .join(', ')

/** What each check of claims compares, by the name of the check. */
const CLAIMS: Readonly<Record<string, (question: ClaimsInQuestion) => Compared>> = {
  issuer: ({ claims, issuers }) => ({
    wanted: issuers.map(issuerText).join(' or '),
    found: `iss ${shown(claims.iss)}`,
  }),
  'kind of token': ({ claims, rule: { profile } }) => {
    const { name, required, refused, values = {} } = profile
    const marks = Object.entries(values).map(([name, known]) => `${name} ${either(known)}`)
    const all = [...required.map((names) => [names].flat().join(' or ')), ...marks]
    const read = [...required.flat(), ...refused, ...Object.keys(values)]
    return {
      wanted: `as ${name} has it: ${all.join(', ')}; without ${refused.join(', ')}`,
      found: named(
        claims,
        [...new Set(read)].filter((name) => claims[name] !== undefined),
      ),
    }
  },
  audience: ({ claims, rule: { profile, audiences } }) => {
    const from = profile.audienceFrom.find((name) => claims[name] !== undefined)
    return { wanted: either(audiences), found: named(claims, [from ?? profile.audienceFrom[0] ?? 'aud']) }
  },
  lifetime: ({ claims, rule: { maxLifetimeMs } }) => ({
    wanted: `whole seconds, exp after iat and at most ${maxLifetimeMs / 1000} s after it`,
    found: times(claims, ['iat', 'nbf', 'exp']),
  }),
  expiry: ({ claims, rule: { toleranceMs }, now }) => ({
    wanted: `exp after ${momentOf(now - toleranceMs)}, with ${toleranceMs / 1000} s of tolerance`,
    found: times(claims, ['exp']),
  }),
  begin: ({ claims, rule: { toleranceMs }, now }) => ({
    wanted: `iat and nbf until ${momentOf(now + toleranceMs)}, with ${toleranceMs / 1000} s of tolerance`,
    found: times(claims, ['iat', 'nbf']),
  }),
  subject: ({ claims }) => ({ found: named(claims, ['sub']) }),
  identifiers: ({ claims, rule: { profile } }) => {
    const names = [profile.tokenFrom, profile.sessionFrom, ...profile.clientFrom]
    return {
      found: named(
        claims,
        names.filter((name) => name !== undefined).filter((name) => claims[name] !== undefined),
      ),
    }
  },
  scopes: ({ claims, rule: { profile } }) =>
    list(claims, profile.scopesFrom === undefined ? undefined : [profile.scopesFrom]),
  roles: ({ claims, rule: { profile } }) => list(claims, profile.rolesFrom),
}

function list(claims: Members, path: readonly string[] | undefined): Compared {
  if (path === undefined) return { found: 'none: the profile has no claim of them' }
  let value: unknown = claims
  for (const name of path) value = isMembers(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return {
    wanted: 'a list of short texts, or one text; scopes with single spaces',
    found: `${path.join('.')} ${shown(value)}`,
  }
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null

const issuerText = ({ url, name }: { url: string; name: string | undefined }): string =>
  name === undefined ? shown(url) : `${shown(url)}, the var ${name}`

/** What the check of claims with this name compares. */
export const comparedClaims = (check: string, question: ClaimsInQuestion): Compared =>
  CLAIMS[check]?.(question) ?? {}

/** What the check of a header compares; keys and certificates in it are named, not shown. */
export function comparedHeader(header: Members, rule: HeaderRule): Compared {
  const told = ['alg', 'typ', 'kid']
  const others = Object.keys(header).filter((name) => !told.includes(name))
  const types = rule.types.map((type) => (type === undefined ? 'none' : shown(type)))
  return {
    wanted: `alg ${either(rule.algorithms)}; typ ${types.join(' or ')}`,
    found: `${named(header, told)}${others.length === 0 ? '' : `, and the members ${shown(others)}`}`,
  }
}

/** What a rule has read of the caller and the path: all of it where it is a plain predicate. */
export function readBy({ needs }: Rule, principal: TokenPrincipal, params: Members): string {
  const members = needs.members.filter((name) => name !== 'claims')
  const isPredicate = [needs.params, needs.claims, needs.members].every((names) => names.length === 0)
  const { sub, scopes, roles } = principal
  const parts = isPredicate
    ? [named({ sub, scopes, roles }, ['sub', 'scopes', 'roles']), ...pathParts(params, Object.keys(params))]
    : [
        ...members.map((name) => `${name} ${shown(principal[name as keyof TokenPrincipal])}`),
        ...needs.claims.map((name) => `claim ${name} ${shown(principal.claims[name])}`),
        ...pathParts(params, needs.params),
      ]
  return parts.join(', ')
}

const pathParts = (params: Members, names: readonly string[]): string[] =>
  names.map((name) => `:${name} ${shown(params[name])}`)
