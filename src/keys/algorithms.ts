import { isKnownAlgorithm, KNOWN_ALGORITHMS } from '../lib/jwk.ts'
import { type Fail, shown } from '../options.ts'

/** Refuses a list of algorithms that would take any key, none, or a shared secret. */
export function checkAlgorithms(algorithms: unknown, fail: Fail): void {
  if (!Array.isArray(algorithms) || algorithms.length === 0) {
    fail('algorithms', `is missing; list what the issuer signs with, such as ['ES256']`)
  }
  for (const name of algorithms) {
    if (isKnownAlgorithm(name)) continue
    fail(
      'algorithms',
      `${shown(name)} is not an algorithm with public keys; use ${KNOWN_ALGORITHMS.join(', ')}`,
    )
  }
}
