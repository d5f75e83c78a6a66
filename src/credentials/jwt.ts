import type { GenericSchema, InferOutput } from 'valibot'
import type { NamedVar, Verify } from '../authenticator.ts'
import { allow } from '../contract.ts'
import type { Claims, TokenPrincipal } from '../principals.ts'
import { type CredentialAuthenticator, credential } from './engine.ts'
import { type CompactOutcome, readCompact } from './jwt/compact.ts'
import { inspectToken } from './jwt/inspect.ts'
import type { JwtOptions, TokenKeys } from './jwt/options.ts'
import { compilePolicy, type JwtScheme } from './jwt/policy.ts'
import { verifyToken } from './jwt/verify.ts'
import type { Place, Presented } from './scheme.ts'

const BEARER: Place = { in: 'authorization', scheme: 'bearer' }
const DPOP: Place = { in: 'authorization', scheme: 'dpop' }
/** What a JWS or JWE in compact form begins with, as a rule: `{"` or `{ ` in base64url. */
const JSON_OBJECT = 'ey'

/**
 * Takes JWT access tokens of one issuer (RFC 9068, RFC 8725): strict in form, for this audience, in force, and signed by a key
 * that the issuer publishes now. `oneOf(jwt(…), jwt(…))` takes those of several. The principal's id is `issuer|sub`.
 * @throws {TypeError} when the module loads, naming the option and the fix.
 * @example
 * import { defineRoute } from 'sallyport'
 * import { jwt } from 'sallyport/credentials'
 * import * as v from 'valibot'
 *
 * export default defineRoute({
 *   method: 'GET',
 *   path: '/orders/:id',
 *   owner: 'orders',
 *   sensitivity: 'internal',
 *   authenticate: jwt({
 *     issuer: 'ISSUER',
 *     audience: 'orders-api',
 *     algorithms: ['ES256'],
 *     claims: v.looseObject({ tenant: v.string() }),
 *   }),
 *   authorize: ({ principal }) => principal.scopes.includes('orders:read'),
 *   forward: { to: 'ORIGIN_URL' },
 * })
 */
export function jwt<const S extends GenericSchema = GenericSchema<Claims, Claims>>(
  options: JwtOptions<S>,
): CredentialAuthenticator<TokenPrincipal<InferOutput<S>>, 'token'> {
  const policy = compilePolicy(options)
  const { dpop } = policy
  const bearer = dpop?.required ? [] : [BEARER]
  const read = (presented: Presented): CompactOutcome => readOnce(presented, policy.maxChars)
  const isTooLong = ({ text }: Presented): boolean => text.length > policy.maxChars
  const scheme: JwtScheme<TokenPrincipal<InferOutput<S>>> = {
    policy,
    name: 'jwt',
    kind: 'token',
    secrets: dpop?.secrets ?? [],
    issuers: [options.issuer],
    vars: varsOf(options.keys),
    certificateBound: true,
    places: dpop ? [...bearer, DPOP] : bearer,
    challenges: [...bearer.map(() => ({ scheme: 'Bearer' })), ...(dpop ? [dpop.challenge] : [])],
    takes(presented, env) {
      // What is too long for this one may be a token of another issuer.
      if (!isShaped(presented) || isTooLong(presented)) return false
      const outcome = read(presented)
      // What cannot be read is refused here, with its reason, and not given to a scheme that would make a call for it.
      if (!outcome.ok) return true
      const issuer = policy.issuerOf(env)
      if (!issuer.ok) return false
      const { iss } = outcome.compact.claims
      return typeof iss !== 'string' || iss === issuer.value.url
    },
    mayTake: (presented, env) => isShaped(presented) && (isTooLong(presented) || !policy.issuerOf(env).ok),
    inspect(presented, facts, env) {
      const inspected = inspectToken(policy, read(presented), presented, facts, env)
      if (!inspected.ok) return inspected
      const { value } = inspected
      return allow(((_, means) => verifyToken(policy, value, means)) as Verify<
        TokenPrincipal<InferOutput<S>>
      >)
    },
  }
  return credential([scheme])
}

const isShaped = ({ text }: Presented): boolean => text.startsWith(JSON_OBJECT) && text.includes('.')

function varsOf(keys: TokenKeys | undefined): NamedVar[] {
  if (keys === undefined || 'find' in keys) return []
  if ('jwks' in keys) return [{ name: keys.jwks, isUrl: true }]
  return 'variable' in keys ? [{ name: keys.variable }] : []
}

// One reading for `takes` and `inspect` of every scheme, and gone with the request.
const readings = new WeakMap<Presented, CompactOutcome>()

function readOnce(presented: Presented, maxChars: number): CompactOutcome {
  const { text } = presented
  const known = text.length > maxChars ? undefined : readings.get(presented)
  if (known) return known
  const outcome = readCompact(text, maxChars)
  // What is too long for one scheme may be a token of another.
  if (text.length <= maxChars) readings.set(presented, outcome)
  return outcome
}
