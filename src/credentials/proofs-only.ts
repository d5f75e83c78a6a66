import { type Fail, isObject, shown } from '../options.ts'
import type { Dpop } from './dpop/index.ts'

/** The option `dpop`, unless it is something else than `dpop()` makes. */
export function proofsOnly(value: Dpop, fail: Fail): Dpop {
  if (isObject(value) && typeof (value as Partial<Dpop>).inspect === 'function') return value
  return fail('dpop', `is ${shown(value)}; write dpop({ … }) of sallyport/credentials`)
}
