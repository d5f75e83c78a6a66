import { allow, deny, type Env, type Identified, type Result } from '../../contract.ts'
import type { Presented } from '../scheme.ts'
import { type Bind, inspectBinding } from './binding.ts'
import { type ClaimsFacts, checkClaims } from './claims.ts'
import type { Compact, CompactOutcome } from './compact.ts'
import { checkHeader, type HeaderFacts } from './header.ts'
import type { Issuer } from './issuer.ts'
import type { Policy } from './policy.ts'

/** A token that is sound but for its signature. */
export interface Inspected {
  token: string
  compact: Compact
  header: HeaderFacts
  claims: ClaimsFacts
  issuer: Issuer
  bind: Bind
  now: number
}

/** Everything that needs no key and no call, cheapest first. */
export function inspectToken(
  policy: Policy,
  outcome: CompactOutcome,
  presented: Presented,
  facts: Identified,
  env: Env,
): Result<Inspected> {
  if (!outcome.ok) {
    const { reason, measure } = outcome
    return deny('credential_refused', reason, measure && { measure })
  }
  const issuer = policy.issuerOf(env)
  if (!issuer.ok) return issuer
  const { compact } = outcome
  const { now } = facts
  const header = checkHeader(compact, policy.header)
  if (!header.ok) return header
  const claims = checkClaims(compact.claims, issuer.value.url, policy.claims, now)
  if (!claims.ok) return claims
  const bind = inspectBinding(compact.claims.cnf, presented, facts, policy.dpop)
  if (!bind.ok) return bind
  return allow({
    token: presented.text,
    compact,
    header: header.value,
    claims: claims.value,
    issuer: issuer.value,
    bind: bind.value,
    now,
  })
}
