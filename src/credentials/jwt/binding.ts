import type { Means, Proven } from '../../authenticator.ts'
import { allow, deny, type Identified, type Result } from '../../contract.ts'
import type { Principal } from '../../principals.ts'
import { checkCertificateBinding } from '../certificate.ts'
import type { Dpop } from '../dpop/index.ts'
import type { Presented } from '../scheme.ts'

/** Finishes the check that the sender holds what the token is bound to, once the token itself is verified. */
export type Bind = (
  token: string,
  means: Means,
) => Promise<Result<Pick<Proven<Principal>, 'replay' | 'answerHeaders'>>>

const CONFIRMATIONS = ['jkt', 'x5t#S256']
/** A SHA-256 in base64url. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

const refused = (reason: string) => deny('credential_refused', reason)

/**
 * Checks what a token is bound to (`cnf`, RFC 7800) against how it came: a token that is bound to a key is worth nothing as a
 * bearer token (RFC 9449 section 7.1), and one that is bound to nothing is no DPoP token. What cannot be checked is refused.
 */
export function inspectBinding(
  cnf: unknown,
  { place }: Presented,
  facts: Identified,
  dpop: Dpop | undefined,
): Result<Bind> {
  if (cnf !== undefined && (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf))) {
    return refused("the token's cnf is not an object")
  }
  const confirmation: Readonly<Record<string, unknown>> = { ...cnf }
  for (const [name, value] of Object.entries(confirmation)) {
    if (!CONFIRMATIONS.includes(name)) return refused("the token's cnf has a member that is not taken")
    if (typeof value !== 'string' || !THUMBPRINT.test(value)) {
      return refused("the token's cnf has no SHA-256 thumbprint")
    }
  }
  if (cnf !== undefined && Object.keys(confirmation).length === 0) return refused("the token's cnf is empty")
  const { jkt, 'x5t#S256': x5t } = confirmation as { jkt?: string; 'x5t#S256'?: string }
  if (x5t !== undefined) {
    const held = checkCertificateBinding(facts, x5t)
    if (!held.ok) return held
  }
  const isDpop = place.in === 'authorization' && place.scheme === 'dpop'
  if (!isDpop) {
    return jkt === undefined
      ? allow(bound)
      : refused('the token is bound to a key and came without its proof')
  }
  if (dpop === undefined || jkt === undefined) return refused('the token is bound to no key')
  const proof = dpop.inspect(facts)
  if (!proof.ok) return proof
  return allow((token, { env }) => proof.value({ token, jkt, env }))
}

const bound: Bind = async () => allow({})
