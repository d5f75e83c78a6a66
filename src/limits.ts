import type { Validated } from './contract.ts'
import type { Duration } from './lib/duration.ts'
import { type Fail, knownOnly, oneOf } from './options.ts'
import type { CompiledLimit, LimitOptions } from './route.ts'

const NAME = /^[a-z][a-z0-9-]{0,31}$/
const OPTIONS = ['name', 'by', 'max', 'window', 'algorithm', 'refill', 'cost', 'mode']

/** Compiles the limits of a route; `duration` reads a window or fails. */
export function compileLimits(
  limits: readonly LimitOptions<Validated>[],
  fail: Fail,
  duration: (option: string, text: Duration) => number,
): CompiledLimit[] {
  const names = new Set<string>()
  return limits.map((limit, i) => {
    const at = (option: string) => `limits[${i}].${option}`
    const check = (sound: boolean, option: string, problem: string) => sound || fail(at(option), problem)
    const whole = (option: string, value: number) =>
      check(Number.isSafeInteger(value) && value > 0, option, `is ${value}; use a whole number above 0`)
    knownOnly(limit, OPTIONS, at(''), fail)
    oneOf(limit.algorithm, ['slidingWindow', 'fixedWindow', 'tokenBucket'], at('algorithm'), fail)
    oneOf(limit.mode, ['enforce', 'report'], at('mode'), fail)
    check(limit.by !== undefined, 'by', "is missing; use 'route', 'client', 'principal' or a function")
    if (typeof limit.by !== 'function') oneOf(limit.by, ['route', 'client', 'principal'], at('by'), fail)
    const name = limit.name ?? (typeof limit.by === 'string' ? limit.by : 'custom')
    check(NAME.test(name), 'name', `'${name}' is not a name; use lower-case letters, digits and '-'`)
    check(
      !names.has(name),
      'name',
      `'${name}' is taken by another limit of this route; give each its own name`,
    )
    names.add(name)
    whole('max', limit.max)
    const cost = limit.cost ?? 1
    whole('cost', cost)
    check(cost <= limit.max, 'cost', `is ${cost}, more than max (${limit.max}): no request would ever pass`)
    const refill = limit.refill ?? limit.max
    whole('refill', refill)
    check(
      limit.refill === undefined || limit.algorithm === 'tokenBucket',
      'refill',
      `belongs to algorithm: 'tokenBucket'`,
    )
    return {
      name,
      by: limit.by,
      algorithm: limit.algorithm ?? 'slidingWindow',
      max: limit.max,
      windowMs: duration(at('window'), limit.window),
      refill,
      cost,
      mode: limit.mode ?? 'enforce',
    }
  })
}
