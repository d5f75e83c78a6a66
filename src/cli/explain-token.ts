import { checkClaims, explainClaims } from '../credentials/jwt/claims.ts'
import { readCompact } from '../credentials/jwt/compact.ts'
import { checkHeader } from '../credentials/jwt/header.ts'
import type { JwtScheme, Policy } from '../credentials/jwt/policy.ts'
import { claimsOf, provenOf, signedBy } from '../credentials/jwt/verify.ts'
import type { KeySource } from '../keys/index.ts'
import type { TokenPrincipal } from '../principals.ts'
import type { Route } from '../route.ts'

/** One check of a token, and what came of it. */
export interface Row {
  check: string
  result: 'pass' | 'fail' | 'not checked'
  why: string
}

/** What the checks found out about a token. */
export interface Explanation {
  rows: readonly Row[]
  /** What it would be revoked by, and whose it is: undefined while its claims are not sound. */
  principal: TokenPrincipal | undefined
  revocable: readonly string[]
}

export interface Question {
  token: string
  route: Route
  /** Path parameters, where a path was named. */
  params: Readonly<Record<string, string>> | undefined
  method: string
  /** The deployment's vars. */
  vars: Readonly<Record<string, unknown>>
  /** Milliseconds since the epoch at which it is looked at. */
  now: number
  /** Keys for the signature, by the algorithms of the route; nothing is ever fetched. */
  keysOf: ((algorithms: readonly string[]) => KeySource) | undefined
}

const row = (check: string, fault: string | undefined, why = ''): Row =>
  fault === undefined ? { check, result: 'pass', why } : { check, result: 'fail', why: fault }
const unchecked = (check: string, why: string): Row => ({ check, result: 'not checked', why })

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
  const scheme = schemes.find((scheme) => scheme.takes(presented, vars)) ?? schemes[0]
  if (scheme === undefined) {
    const rows = [row('credential', 'the route takes no JWT access tokens')]
    return { rows, principal: undefined, revocable: [] }
  }
  return explainBy(scheme.policy, question)
}

async function explainBy(policy: Policy, question: Question): Promise<Explanation> {
  const { token, vars, now } = question
  const issuer = policy.issuerOf(vars)
  const rows: Row[] = [row('configuration', issuer.ok ? undefined : issuer.denial.reason)]
  const read = readCompact(token, policy.maxChars)
  rows.push(row('form', read.ok ? undefined : read.reason))
  const last = () => [
    unchecked('revocation', 'asked of shared state'),
    unchecked('limits', 'asked of shared state'),
  ]
  if (!issuer.ok || !read.ok) {
    rows.push(unchecked('everything else', 'a token has to be read first'))
    return { rows, principal: undefined, revocable: [] }
  }
  const { compact } = read
  const { url } = issuer.value
  const header = checkHeader(compact, policy.header)
  rows.push(
    row('header', header.ok ? undefined : header.denial.reason, header.ok ? header.value.algorithm : ''),
  )
  for (const { name, fault } of explainClaims(compact.claims, url, policy.claims, now))
    rows.push(row(name, fault))
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
    rows.push(schema, unchecked('authorization', 'the claims are refused'), ...last())
    return { rows, principal: undefined, revocable: [] }
  }
  const proven = await provenOf({ compact, claims: facts.value, issuer: issuer.value }, claims)
  rows.push(row('claims schema', undefined, policy.schema ? '' : 'the route has none'))
  rows.push(authorizationRow(question, proven.principal), ...last())
  return { rows, principal: proven.principal, revocable: proven.revocable ?? [] }
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
  if (found.found !== 'keys') return row('signature', 'none of the keys is the one that the token names')
  const key = await signedBy(token, header.algorithm, found.keys)
  return row('signature', key === undefined ? 'the signature does not match' : undefined)
}

function authorizationRow({ route, params, method, now }: Question, principal: TokenPrincipal): Row {
  if (route.authorize === undefined) return row('authorization', undefined, 'the route has no rule')
  if (params === undefined)
    return unchecked('authorization', 'the rule needs a path: --route "GET /orders/1"')
  const client = { address: undefined, key: undefined, country: undefined, asn: undefined }
  const verdict = route.authorize.test({ principal, params, method, client, now })
  return row('authorization', verdict.ok ? undefined : verdict.denial.reason)
}
