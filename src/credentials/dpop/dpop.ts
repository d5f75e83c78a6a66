import type { ChallengeScheme } from '../../authenticator.ts'
import type { Identified, Result } from '../../contract.ts'
import { SEAL_KEY } from '../../lib/seal.ts'
import { noteMade } from '../proofs-only.ts'
import { inspectProof } from './inspect.ts'
import { compileRules, type DpopOptions } from './options.ts'
import { type Bound, type ProvenByProof, verifyProof } from './verify.ts'

/** How a route takes DPoP proofs: made by `dpop()`, and in no Worker that does not call it. */
export interface Dpop {
  /** Tokens that are bound to no key are refused. */
  readonly required: boolean
  /** What the 401 of the route tells clients to come with (RFC 9449 section 7.1). */
  readonly challenge: ChallengeScheme
  /** Names of the Worker secrets that it needs. */
  readonly secrets: readonly string[]
  /** Checks what needs no token, no key and no call; what it gives checks the rest, once the token is verified. */
  inspect(facts: Identified): Result<(bound: Bound) => Promise<Result<ProvenByProof>>>
}

/**
 * Takes tokens that are bound to a key under the scheme DPoP, each request with a proof of its own (RFC 9449). A proof passes once.
 * @throws {TypeError} when the module loads, naming the option and the fix.
 * @example
 * import { dpop, jwt } from 'sallyport/credentials'
 *
 * export const authenticate = jwt({
 *   issuer: 'ISSUER', audience: 'orders-api', algorithms: ['ES256'], dpop: dpop({ required: true }),
 * })
 */
export function dpop(options: DpopOptions = {}): Dpop {
  const rules = compileRules(options)
  return noteMade({
    required: rules.required,
    challenge: { scheme: 'DPoP', parameters: { algs: rules.algorithms.join(' ') } },
    secrets: rules.nonceMs === undefined ? [] : [SEAL_KEY],
    inspect(facts) {
      const proof = inspectProof(facts, rules)
      return proof.ok ? { ok: true, value: (bound) => verifyProof(proof.value, bound) } : proof
    },
  })
}
