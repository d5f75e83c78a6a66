import { type Fail, shown } from '../options.ts'
import type { Dpop } from './dpop/index.ts'

// Apart from what `dpop()` brings along, so that tokens alone bring nothing of it.

const made = new WeakSet<object>()

/** Notes that `dpop()` has made it: whatever else has its shape checks nothing. */
export function noteMade(proofs: Dpop): Dpop {
  made.add(proofs)
  return proofs
}

/** The option `dpop`, unless it is something else than `dpop()` has made. */
export function proofsOnly(value: Dpop, fail: Fail): Dpop {
  return made.has(value)
    ? value
    : fail('dpop', `is ${shown(value)}; write dpop({ … }) of sallyport/credentials`)
}
