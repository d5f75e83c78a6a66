import { compactVerify } from 'jose'
import { safeParse } from 'valibot'
import type { Means, Proven } from '../../authenticator.ts'
import { allow, type Denial, deny, type Result } from '../../contract.ts'
import type { VerifyKey } from '../../keys/index.ts'
import { encodeBase64url } from '../../lib/base64url.ts'
import { sha256, utf8 } from '../../lib/digest.ts'
import type { Claims, TokenPrincipal } from '../../principals.ts'
import { revocable } from '../../revocable.ts'
import { freeze, frozen } from '../frozen.ts'
import type { Inspected } from './inspect.ts'
import type { Policy } from './policy.ts'
import { keepVerified, recallVerified } from './verified.ts'

const refused = (reason: string) => deny('credential_refused', reason)
const STALE: Denial = deny('issuer_unavailable', "the issuer's keys are past their lifetime").denial

/** The half with keys and calls: signature, claims schema, and the proof that the sender may use the token. */
export async function verifyToken(
  policy: Policy,
  inspected: Inspected,
  means: Means,
): Promise<Result<Proven<TokenPrincipal>>> {
  const { token, issuer, now, bind } = inspected
  const known = recallVerified(policy.id, token, issuer.keys, now)
  const verified = known ? told(known.proven, known.isStale) : await verifySigned(policy, inspected, means)
  if (!verified.ok) return verified
  const bound = await bind(token, means)
  return bound.ok ? allow({ ...verified.value, ...bound.value }) : bound
}

async function verifySigned(
  policy: Policy,
  inspected: Inspected,
  means: Means,
): Promise<Result<Proven<TokenPrincipal>>> {
  const { token, compact, header, issuer, now } = inspected
  const found = await issuer.keys.find(header, means, now)
  if (found.found === 'unavailable') {
    const { retryAfterSeconds, reason = 'no reason is known' } = found
    return deny('issuer_unavailable', `there are no keys of the issuer: ${reason}`, { retryAfterSeconds })
  }
  if (found.found === 'none') return refused('the issuer has no key for the token')
  const key = await signedBy(token, header.algorithm, found.keys)
  if (key === undefined) return refused("the token's signature does not match")
  const claims = claimsOf(policy, compact.claims)
  if (claims === undefined) return refused("the token's claims do not match the schema of the route")
  const proven = await provenOf(inspected, claims)
  const { thumbprint } = key
  if (freeze(claims))
    keepVerified(policy.id, token, { proven, keys: issuer.keys, thumbprint, verifiedAtMs: now })
  return told(proven, found.isStale)
}

/** Each request whose key may be out of date says so in its record. */
const told = (proven: Proven<TokenPrincipal>, isStale: boolean): Result<Proven<TokenPrincipal>> =>
  allow(isStale ? { ...proven, warnings: [STALE] } : proven)

/** The first of the keys whose signature it is. */
export async function signedBy(
  token: string,
  algorithm: string,
  keys: readonly VerifyKey[],
): Promise<VerifyKey | undefined> {
  for (const key of keys) {
    try {
      await compactVerify(token, key.key, { algorithms: [algorithm] })
      return key
    } catch {
      // Not with this key: jose throws for a signature that does not match, and for a key that cannot have made it.
    }
  }
  return undefined
}

/** The claims as the schema of the route reads them, or undefined where it does not. */
export function claimsOf({ schema }: Policy, claims: Claims): Claims | undefined {
  if (schema === undefined) return claims
  const parsed = safeParse(schema, claims, { abortEarly: true })
  return parsed.success ? (parsed.output as Claims) : undefined
}

/** What a verified token proves, frozen. */
export async function provenOf(
  { compact, claims: facts, issuer: { url: issuer } }: Pick<Inspected, 'compact' | 'claims' | 'issuer'>,
  claims: Claims,
): Promise<Proven<TokenPrincipal>> {
  const { sub, clientId, session, scopes, roles, issuedAtMs } = facts
  const tokenId = facts.tokenId ?? encodeBase64url(await sha256(utf8(compact.signed)))
  const id = revocable.subject(issuer, sub)
  const names = [id, revocable.token(issuer, tokenId), revocable.issuer(issuer)]
  if (session !== undefined) names.push(revocable.session(issuer, session))
  return frozen({
    principal: { kind: 'token', id, issuer, sub, clientId, scopes, roles, claims },
    revocable: names,
    issuedAtMs,
  })
}
