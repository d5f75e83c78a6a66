import type { Validated } from './contract.ts'
import { type Fail, functionOnly, isObject, knownOnly, missingOr, shown } from './options.ts'
import type { CompiledLimit, LimitOptions, LimitTier } from './route.ts'

/** Integers of RFC 9651 end here, and `q` of RateLimit-Policy is one. */
const LARGEST = 999_999_999_999_999

type Options = LimitOptions<Validated>

/** Compiles how much a limit holds, for which tier, and what a request takes; or fails at the first mistake. */
export function compileUnits(
  limit: Options,
  fail: Fail,
): Pick<CompiledLimit, 'max' | 'refill' | 'tier' | 'tiers' | 'cost'> {
  const { max, refill, tier, cost = 1 } = limit
  wholeOnly(max, 'max', fail)
  bucketOnly(refill, 'refill', limit.algorithm, fail)
  const tiers = tiersOf(limit, fail)
  if (typeof cost !== 'function') {
    if (cost === 0)
      fail('cost', 'is 0, and the limit would never count; remove it: only a function may return 0')
    wholeOnly(cost, 'cost', fail)
    const least = Math.min(max, ...Array.from(tiers.values(), (tier) => tier.max))
    if (cost > least) fail('cost', `is ${cost}, more than max (${least}): no request would ever pass`)
  }
  return { max, refill: refill ?? max, tier, tiers, cost }
}

function tiersOf(limit: Options, fail: Fail): CompiledLimit['tiers'] {
  functionOnly(limit.tier, 'tier', fail)
  if (limit.tiers === undefined) {
    if (limit.tier !== undefined) fail('tiers', 'is missing; say what each tier may: { pro: 600 }')
    return new Map()
  }
  if (!isObject(limit.tiers)) fail('tiers', `is ${shown(limit.tiers)}; say what each tier may: { pro: 600 }`)
  if (limit.tier === undefined) fail('tier', "is missing; return a caller's tier from the verified facts")
  const tiers = Object.entries(limit.tiers)
  if (tiers.length === 0) fail('tiers', 'is empty; say what each tier may: { pro: 600 }')
  return new Map(
    tiers.map(([name, tier]) => {
      const own: LimitTier = isObject(tier) ? tier : { max: tier }
      knownOnly(own, ['max', 'refill'], `tiers.${name}.`, fail)
      const { max, refill } = own
      wholeOnly(max, `tiers.${name}.max`, fail)
      bucketOnly(refill, `tiers.${name}.refill`, limit.algorithm, fail)
      return [name, { max, refill: refill ?? limit.refill ?? max }]
    }),
  )
}

function wholeOnly(value: number, option: string, fail: Fail): void {
  const isWhole = Number.isSafeInteger(value) && value > 0 && value <= LARGEST
  if (!isWhole) fail(option, `${missingOr(value)}; use a whole number above 0, at most ${LARGEST}`)
}

function bucketOnly(
  refill: number | undefined,
  option: string,
  algorithm: Options['algorithm'],
  fail: Fail,
): void {
  if (refill === undefined) return
  wholeOnly(refill, option, fail)
  if (algorithm !== 'tokenBucket') fail(option, "belongs to algorithm: 'tokenBucket'")
}
