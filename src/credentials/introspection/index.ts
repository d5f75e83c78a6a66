import { type GenericSchema, safeParse } from 'valibot'
import type { Means, Proven, Verify } from '../../authenticator.ts'
import { allow, deny, type Identified, type Result } from '../../contract.ts'
import { sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import { isObject } from '../../options.ts'
import type { Claims, TokenPrincipal } from '../../principals.ts'
import { revocable } from '../../revocable.ts'
import { type CredentialAuthenticator, credential } from '../engine.ts'
import { freeze, frozen } from '../frozen.ts'
import { inspectBinding } from '../jwt/binding.ts'
import { type ClaimsFacts, checkClaims } from '../jwt/claims.ts'
import { isToken68 } from '../present.ts'
import type { CredentialScheme, Place, Presented } from '../scheme.ts'
import { endpointOf, type Members } from './endpoint.ts'
import { introspect } from './introspect.ts'
import { compilePolicy, type OpaqueTokenOptions } from './options.ts'

export type { OpaqueTokenOptions } from './options.ts'

const BEARER: Place = { in: 'authorization', scheme: 'bearer' }
const DPOP: Place = { in: 'authorization', scheme: 'dpop' }
/** Far more than any issuer's opaque tokens have. */
const MAX_CHARS = 4096

/**
 * Takes opaque access tokens, about which the issuer is asked (RFC 7662): its answer has to be `active: true` and to name
 * this issuer, this audience, `sub`, `iat` and an `exp` that is not over. Answers are remembered by the token's SHA-256. An
 * endpoint that fails is a 503 with Retry-After, and is asked again 1 s to 30 s later; one that fails at this token alone is a
 * 503 for this token alone. At most 50 questions run at a time in an isolate, and at most 50 a second may be about new tokens
 * that turn out not to be active. Every text but one of three parts is taken for a token of this issuer: in `oneOf` it stands
 * last. A bad option throws a `TypeError` at load that names it.
 * @example
 * import { opaqueToken } from 'sallyport/credentials'
 *
 * // What `npm run env-types` writes once there are such vars and such a secret.
 * declare global { namespace Cloudflare { interface Env {
 *   INTROSPECTION_URL: 'https://id.example.com/introspect'; INTROSPECTION_CLIENT: 'gateway'; TOKEN_ISSUER: 'https://id.example.com'
 *   INTROSPECTION_SECRET: string
 * } } }
 *
 * export const authenticate = opaqueToken({
 *   introspection: 'INTROSPECTION_URL', clientId: 'INTROSPECTION_CLIENT', clientSecret: 'INTROSPECTION_SECRET',
 *   issuer: 'TOKEN_ISSUER', audience: 'orders-api',
 * })
 */
export function opaqueToken<C = Claims>(
  options: OpaqueTokenOptions<C>,
): CredentialAuthenticator<TokenPrincipal<C>, 'token'> {
  const policy = compilePolicy(options)
  const { dpop } = policy
  const schemed = claimsReader(options.claims)
  const bearer = dpop?.required ? [] : [BEARER]

  function inspect(presented: Presented, facts: Identified): Result<Verify<TokenPrincipal<C>>> {
    const { text: token, place } = presented
    if (token.length > MAX_CHARS) {
      const measure = { limit: MAX_CHARS, actual: token.length, unit: 'bytes' } as const
      return deny('credential_refused', 'the token is too long', { measure })
    }
    if (!isToken68(token)) return deny('credential_refused', 'the token is not of the form of one')
    // The rest of the proof needs to know which key the token is bound to; a bad one costs no question.
    if (place.in === 'authorization' && place.scheme === 'dpop' && dpop) {
      const proof = dpop.inspect(facts)
      if (!proof.ok) return proof
    }
    return allow(async function verify(_body: unknown, means: Means) {
      const endpoint = endpointOf(options, means.env)
      if (!endpoint.ok) return endpoint
      const { issuer, memory } = endpoint.value
      const digest = encodeHex(await sha256(utf8(token)))
      const found = await memory.find(digest, facts.now, policy.ages, means, (signal) =>
        introspect(token, endpoint.value, signal),
      )
      if (found.found === 'unknown') return deny('credential_refused', found.reason)
      if (found.found === 'unavailable') {
        const { reason, retryAfterSeconds } = found
        return deny('issuer_unavailable', `introspection: ${reason}`, { retryAfterSeconds })
      }
      const checked = checkClaims(found.value, issuer, policy.claims, facts.now)
      if (!checked.ok) return checked
      if (isUnboundDpop(found.value))
        return deny('credential_refused', 'the issuer says that the token is bound to a key, and names none')
      const bind = inspectBinding(found.value.cnf, presented, facts, dpop)
      if (!bind.ok) return bind
      const claims = schemed(found.value)
      if (!claims.ok) return claims
      const bound = await bind.value(token, means)
      if (!bound.ok) return bound
      return allow({ ...proven(issuer, digest, checked.value, claims.value), ...bound.value })
    })
  }

  const scheme: CredentialScheme<TokenPrincipal<C>> = {
    name: 'opaque token',
    kind: 'token',
    secrets: [options.clientSecret, ...(dpop?.secrets ?? [])],
    issuers: [options.issuer],
    vars: [{ name: options.introspection, isUrl: true }, { name: options.clientId }],
    certificateBound: true,
    catchesAll: true,
    places: dpop ? [...bearer, DPOP] : bearer,
    challenges: [...bearer.map(() => ({ scheme: 'Bearer' })), ...(dpop ? [dpop.challenge] : [])],
    // Three parts are a JWT, which tells its issuer: one of another issuer is none of this one's business.
    takes: ({ text }) => text.split('.', 4).length !== 3,
    inspect,
  }
  return credential([scheme])
}

function proven<C>(
  issuer: string,
  digest: string,
  { sub, clientId, scopes, roles, tokenId, session, issuedAtMs }: ClaimsFacts,
  claims: C,
): Proven<TokenPrincipal<C>> {
  const id = revocable.subject(issuer, sub)
  const names = [id, revocable.token(issuer, tokenId ?? digest), revocable.issuer(issuer)]
  if (session !== undefined) names.push(revocable.session(issuer, session))
  const principal = { kind: 'token', id, issuer, sub, clientId, scopes, roles, claims } as const
  return { principal: frozen(principal), revocable: names, issuedAtMs }
}

/** A token that was made for a key (RFC 9449 sections 5 and 6.2), of which nobody says for which; Keycloak tells it by `typ`. */
function isUnboundDpop({ token_type, typ, cnf }: Members): boolean {
  const isDpop = [token_type, typ].some((type) => typeof type === 'string' && type.toLowerCase() === 'dpop')
  return isDpop && !(isObject(cnf) && Object.hasOwn(cnf, 'jkt'))
}

/** Reads an answer by the route's schema once: it is remembered, and what is said of it does not change. */
function claimsReader<C>(schema: GenericSchema<unknown, C> | undefined): (members: Members) => Result<C> {
  const read = new WeakMap<Members, Result<C>>()
  return function claimsOf(members) {
    const held = read.get(members)
    if (held) return held
    const parsed = schema && safeParse(schema, members, { abortEarly: true })
    const result: Result<C> =
      parsed && !parsed.success
        ? deny('credential_refused', 'what the issuer says of the token is not what the route wants of it')
        : allow((parsed ? parsed.output : members) as C)
    // What stays open is made anew for each request.
    if (!result.ok || freeze(result.value)) read.set(members, result)
    return result
  }
}
