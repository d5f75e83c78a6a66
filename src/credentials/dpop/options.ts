import type { Duration } from '../../lib/duration.ts'
import { isKnownAlgorithm, KNOWN_ALGORITHMS, type SignatureAlgorithm } from '../../lib/jwk.ts'
import { durationOf, type Fail, isObject, knownOnly, shown } from '../../options.ts'

/** The asymmetric algorithms that a proof may be signed with; `EdDSA` and `Ed25519` are one. */
export type ProofAlgorithm = SignatureAlgorithm

/** How a route takes DPoP proofs (RFC 9449). */
export interface DpopOptions {
  /** Refuses tokens that are bound to no key. @default false */
  required?: boolean
  /**
   * Demands a nonce of the gateway in each proof, new after so long and good for twice as long; from `'10 s'` to `'1 h'`,
   * `true` is `'5 m'`. Needs the Worker secret SEAL_KEY. @default false
   */
  nonce?: boolean | Duration
  /** Signature algorithms of proofs. @default ES256, EdDSA, Ed25519, PS256 and RS256 */
  algorithms?: readonly ProofAlgorithm[]
  /** How old a proof may be, at most `'10 m'`; 5 seconds in the future are always allowed. @default '60 s' */
  maxAge?: Duration
}

/** The options of one route, compiled once. */
export interface ProofRules {
  readonly required: boolean
  /** After how many milliseconds there is another nonce; undefined where none is demanded. */
  readonly nonceMs: number | undefined
  readonly algorithms: readonly string[]
  readonly maxAgeMs: number
}

const NONCE_MS = 300_000
const MIN_NONCE_MS = 10_000
const MAX_NONCE_MS = 3_600_000
const MAX_AGE_MS = 60_000
const MAX_MAX_AGE_MS = 600_000
const ALGORITHMS: readonly ProofAlgorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']

const fail: Fail = (option, problem) => {
  throw new TypeError(`dpop: ${option}: ${problem}`)
}

/** Checks the options of `dpop()` at load. */
export function compileRules(given: DpopOptions): ProofRules {
  if (!isObject(given)) fail('options', `is ${shown(given)}; write an object: { required: true }`)
  knownOnly(given, ['required', 'nonce', 'algorithms', 'maxAge'], '', fail)
  const { required = false, nonce = false, algorithms = ALGORITHMS, maxAge } = given
  if (typeof required !== 'boolean') fail('required', `is ${shown(required)}; use true or false`)
  if (!Array.isArray(algorithms) || algorithms.length === 0)
    fail('algorithms', "must name at least one algorithm: ['ES256']")
  for (const name of algorithms) {
    if (!isKnownAlgorithm(name))
      fail('algorithms', `${shown(name)} is not known; use ${KNOWN_ALGORITHMS.join(', ')}`)
  }
  const maxAgeMs = maxAge === undefined ? MAX_AGE_MS : durationOf(maxAge, 'maxAge', fail)
  if (maxAgeMs > MAX_MAX_AGE_MS) fail('maxAge', "is longer than a proof may live; use at most '10 m'")
  return { required, nonceMs: nonceMsOf(nonce), algorithms: [...algorithms], maxAgeMs }
}

function nonceMsOf(nonce: boolean | Duration): number | undefined {
  if (nonce === false) return undefined
  const ms = nonce === true ? NONCE_MS : durationOf(nonce, 'nonce', fail, ', or true or false')
  if (ms < MIN_NONCE_MS || ms > MAX_NONCE_MS)
    fail('nonce', "is not the time after which a nonce is renewed; use '10 s' to '1 h'")
  return ms
}
