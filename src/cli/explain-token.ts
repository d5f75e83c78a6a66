import type { Client } from '../contract.ts'
import { checkClaims, explainClaims } from '../credentials/jwt/claims.ts'
import { type CompactOutcome, type Members, readCompact } from '../credentials/jwt/compact.ts'
import { checkHeader } from '../credentials/jwt/header.ts'
import type { JwtScheme, Policy } from '../credentials/jwt/policy.ts'
import { claimsOf, provenOf, signedBy } from '../credentials/jwt/verify.ts'
import type { KeySource } from '../keys/index.ts'
import type { TokenPrincipal } from '../principals.ts'
import type { Route } from '../route.ts'
import { type Compared, comparedClaims, comparedHeader, readBy, shown } from './token-values.ts'

/** One check of a token, and what came of it: `wanted` and `found` are values, cut short. */
export interface Row extends Compared {
  check: string
  result: 'pass' | 'fail' | 'not checked'
  why: string
}

/** What the checks found out about a token. */
export interface Explanation {
  rows: readonly Row[]
  /** Whose it is: undefined while its claims are not sound. */
  principal: TokenPrincipal | undefined
  /** Under which names it would be revoked. */
  revocable: readonly string[]
}

export interface Question {
  token: string
  route: Route
  /** Path parameters, where a real path was named. */
  params: Readonly<Record<string, string>> | undefined
  method: string
  /** The deployment's vars. */
  vars: Readonly<Record<string, unknown>>
  /** Milliseconds since the epoch at which it is looked at. */
  now: number
  /** Keys for the signature, by the algorithms of the route; nothing is ever fetched. */
  keysOf: ((algorithms: readonly string[]) => KeySource) | undefined
}

const row = (check: string, fault: string | undefined, why = '', compared: Compared = {}): Row =>
  fault === undefined
    ? { check, result: 'pass', why, ...compared }
    : { check, result: 'fail', why: fault, ...compared }
const unchecked = (check: string, why: string): Row => ({ check, result: 'not checked', why })
const allUnchecked = (checks: readonly string[], why: string): Row[] =>
  checks.map((check) => unchecked(check, why))

/** Checks that take more than the token, its claims and the keys. */
const ELSEWHERE = allUnchecked(['revocation', 'limits'], 'asked of shared state')

/** The schemes of a route that take JWTs. */
export function jwtSchemes({ authenticate }: Route): JwtScheme[] {
  const schemes: unknown = 'schemes' in authenticate ? authenticate.schemes : []
  return Array.isArray(schemes) ? schemes.filter((scheme): scheme is JwtScheme => 'policy' in scheme) : []
}

/** Looks at a token as the route would, with what stands in this process and nothing else. */
export async function explainToken(question: Question): Promise<Explanation> {
  const { token, route, vars } = question
  const schemes = jwtSchemes(route)
  const presented = { place: { in: 'authorization', scheme: 'bearer' }, text: token } as const
  const scheme =
    schemes.find((scheme) => scheme.takes(presented, vars)) ??
    schemes.find((scheme) => scheme.mayTake?.(presented, vars)) ??
    schemes[0]
  if (scheme === undefined) {
    const rows = [row('credential', 'the route takes no JWT access tokens')]
    return { rows, principal: undefined, revocable: [] }
  }
  return explainBy(scheme.policy, question)
}

/** The issuers that the route takes, as the vars name them. */
const issuersOf = (route: Route, vars: Question['vars']) =>
  jwtSchemes(route).flatMap(({ policy, issuers = [] }) => {
    const issuer = policy.issuerOf(vars)
    return issuer.ok ? [{ url: issuer.value.url, name: issuers[0] }] : []
  })

async function explainBy(policy: Policy, question: Question): Promise<Explanation> {
  const { token, route, vars, now } = question
  const issuer = policy.issuerOf(vars)
  const read = readCompact(token, policy.maxChars)
  const rows: Row[] = [
    row('configuration', issuer.ok ? undefined : issuer.denial.reason),
    formRow(token, read, policy.maxChars),
  ]
  if (!issuer.ok || !read.ok) {
    const why = issuer.ok ? 'a token has to be read first' : 'the issuer is not known'
    const rest = ['header', 'claims', 'binding', 'signature', 'claims schema', 'authorization']
    rows.push(...allUnchecked(rest, why), ...ELSEWHERE)
    return { rows, principal: undefined, revocable: [] }
  }
  const { compact } = read
  const { url } = issuer.value
  const header = checkHeader(compact, policy.header)
  const fault = header.ok ? undefined : header.denial.reason
  rows.push(row('header', fault, '', comparedHeader(compact.header, policy.header)))
  const asked = { claims: compact.claims, rule: policy.claims, issuers: issuersOf(route, vars), now }
  for (const { name, fault } of explainClaims(compact.claims, url, policy.claims, now)) {
    const open = isTimeless(name, compact.claims)
    rows.push(
      open ? unchecked(name, 'the times are of no form') : row(name, fault, '', comparedClaims(name, asked)),
    )
  }
  rows.push(bindingRow(compact.claims.cnf))
  rows.push(
    header.ok
      ? await signatureRow(policy, question, header.value)
      : unchecked('signature', 'the header is refused'),
  )
  const facts = checkClaims(compact.claims, url, policy.claims, now)
  const claims = facts.ok ? claimsOf(policy, compact.claims) : undefined
  if (!facts.ok || claims === undefined) {
    const schema = facts.ok
      ? row('claims schema', 'the claims do not match the schema of the route')
      : unchecked('claims schema', 'the claims are refused')
    rows.push(schema, unchecked('authorization', 'the claims are refused'), ...ELSEWHERE)
    return { rows, principal: undefined, revocable: [] }
  }
  const proven = await provenOf({ compact, claims: facts.value, issuer: issuer.value }, claims)
  rows.push(row('claims schema', undefined, policy.schema ? '' : 'the route has none'))
  rows.push(authorizationRow(question, proven.principal), ...ELSEWHERE)
  return { rows, principal: proven.principal, revocable: proven.revocable ?? [] }
}

/** Counts and no part of the text: nobody knows what it is. */
function formRow(token: string, read: CompactOutcome, maxChars: number): Row {
  const parts = token.split('.').length
  return row('form', read.ok ? undefined : read.reason, '', {
    wanted: `3 parts in base64url with dots between them, at most ${maxChars} characters`,
    found: `${parts} ${parts === 1 ? 'part' : 'parts'}, ${token.length} characters`,
  })
}

/** Whether a check compares times that are none: what they lack is told under `lifetime`. */
function isTimeless(check: string, { exp, iat, nbf = iat }: Members): boolean {
  if (check === 'expiry') return !Number.isSafeInteger(exp)
  return check === 'begin' && !(Number.isSafeInteger(iat) && Number.isSafeInteger(nbf))
}

function bindingRow(cnf: unknown): Row {
  if (cnf === undefined) return row('binding', undefined, 'the token is bound to nothing')
  return unchecked('binding', 'the token is bound to a key or a certificate, which comes with a request')
}

async function signatureRow(
  { header: { algorithms } }: Policy,
  { token, keysOf, vars, now }: Question,
  header: { algorithm: string; kid: string | undefined },
): Promise<Row> {
  if (keysOf === undefined) return unchecked('signature', 'no keys are given: --jwks keys.json')
  const asked = () => Promise.reject(new Error('nothing is asked of shared state here'))
  const found = await keysOf(algorithms).find(
    header,
    {
      env: vars,
      store: { recall: asked, keep: asked, findApiKey: asked },
      background: () => undefined,
      remainingMs: () => 1000,
    },
    now,
  )
  if (found.found !== 'keys') {
    const named = `kid ${shown(header.kid)}, alg ${shown(header.algorithm)}`
    return row('signature', 'none of the keys is the one that the token names', '', { found: named })
  }
  const key = await signedBy(token, header.algorithm, found.keys)
  return row('signature', key === undefined ? 'the signature does not match' : undefined)
}

function authorizationRow({ route, params, method, now }: Question, principal: TokenPrincipal): Row {
  const { authorize, path } = route
  if (authorize === undefined) return row('authorization', undefined, 'the route has no rule')
  if (params === undefined) {
    const why = `the rule is asked about a real path: --route '${method} ${path}' with values in place of names`
    return unchecked('authorization', why)
  }
  const { client, isAsked } = unknownClient()
  try {
    const verdict = authorize.test({ principal, params, method, client, now })
    if (!verdict.ok && isAsked())
      return unchecked('authorization', 'the rule asks where the client is, which comes with a request')
    const found = readBy(authorize, principal, params)
    return row('authorization', verdict.ok ? undefined : verdict.denial.reason, '', { found })
  } catch {
    return row('authorization', "the route's rule throws: the gateway would answer 500")
  }
}

/** A client of whom nothing is known, and whether somebody has looked. */
function unknownClient(): { client: Client; isAsked: () => boolean } {
  let asked = false
  const look = () => {
    asked = true
    return undefined
  }
  const client = Object.defineProperties(
    {},
    Object.fromEntries(['address', 'key', 'country', 'asn'].map((name) => [name, { get: look }])),
  ) as Client
  return { client, isAsked: () => asked }
}
