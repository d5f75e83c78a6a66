import { allow, deny, type Result } from '../../contract.ts'
import { fitsAlgorithm, isTokenAlgorithm, type TokenAlgorithm } from './algorithms.ts'
import type { Compact } from './compact.ts'

/** What a token's header has to be. */
export interface HeaderRule {
  algorithms: readonly TokenAlgorithm[]
  /** Lower-case values of `typ` without `application/`; undefined where the member may be absent. */
  types: readonly (string | undefined)[]
  /** Members of the issuer's own that say nothing to us. */
  ignored: readonly string[]
}

/** What a header says of its key. */
export interface HeaderFacts {
  algorithm: TokenAlgorithm
  kid: string | undefined
}

/** Members that have a say here, or none: hashes of a certificate name no key that we would look for. */
const KNOWN = ['alg', 'typ', 'kid', 'x5t', 'x5t#S256']
const KID = /^[\x20-\x7e]{1,256}$/

/**
 * Checks the header of an access token. A member that nobody here knows is refused, not skipped: `crit`, `b64`, keys that the
 * token brings along (`jwk`, `jku`, `x5c`, `x5u`), encryption, compression and nesting are all among them.
 */
export function checkHeader({ header, signatureBytes }: Compact, rule: HeaderRule): Result<HeaderFacts> {
  const { alg, typ, kid } = header
  if (!isTokenAlgorithm(alg) || !rule.algorithms.includes(alg)) {
    return deny('credential_refused', "the token's algorithm is not one of the route's")
  }
  if (!fitsAlgorithm(alg, signatureBytes)) {
    return deny('credential_refused', "the token's signature has not the size of its algorithm")
  }
  for (const name of Object.keys(header)) {
    if (!KNOWN.includes(name) && !rule.ignored.includes(name)) {
      return deny('credential_refused', "the token's header has a member that is not taken")
    }
  }
  if (typ !== undefined && typeof typ !== 'string') {
    return deny('credential_refused', "the token's type is not a text")
  }
  // A media type, which reads alike in any case and without `application/` (RFC 7515 section 4.1.9).
  if (!rule.types.includes(typ?.toLowerCase().replace(/^application\//, ''))) {
    return deny('credential_refused', 'the token is not of the type of an access token')
  }
  if (kid !== undefined && (typeof kid !== 'string' || !KID.test(kid))) {
    return deny('credential_refused', "the token's key id is not a short printable text")
  }
  return allow({ algorithm: alg, kid })
}
