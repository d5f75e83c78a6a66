// A backend's clock that steps by an hour and back: what it may cost callers, and what it may let through.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { msUntil } from '../../src/state/limits.ts'
import type { LimitPolicy } from '../../src/state/state.ts'
import { Played, sum, type Take } from './limits-play.ts'

const HOUR_MS = 3_600_000
const base = Math.ceil(1_795_000_000_000 / (31 * 86_400_000)) * 31 * 86_400_000
const windows = fc.oneof(
  // Whole windows in the step, as nearly always: then clock and time have the same edges.
  fc.constantFrom(1000, 10_000, 60_000, 600_000, HOUR_MS),
  fc.integer({ min: 500, max: 2 * HOUR_MS }),
  fc.constantFrom(7 * HOUR_MS, 24 * HOUR_MS),
)
const policies = fc.record({
  algorithm: fc.constantFrom('slidingWindow', 'fixedWindow', 'tokenBucket'),
  max: fc.integer({ min: 1, max: 20 }),
  windowMs: windows,
  refill: fc.integer({ min: 1, max: 20 }),
}) satisfies fc.Arbitrary<LimitPolicy>
const step = fc.constantFrom(HOUR_MS, -HOUR_MS)
const requests = fc.array(
  fc.record({ share: fc.double({ min: 0, max: 1.2, noNaN: true }), cost: fc.integer({ min: 1, max: 20 }) }),
  { minLength: 3, maxLength: 60 },
)

/** Plays requests, the clock being off by `step` for the second third of them. */
function play(policy: LimitPolicy, stepMs: number, sequence: { share: number; cost: number }[]) {
  const limit = new Played(policy)
  const takes: (Take & { offset: number })[] = []
  let time = base
  sequence.forEach(({ share, cost }, i) => {
    time += Math.round(share * policy.windowMs)
    const third = Math.floor((i * 3) / sequence.length)
    const offset = third === 1 ? stepMs : 0
    if (limit.take(time + offset, cost)) takes.push({ at: time, cost, offset })
  })
  return { limit, takes, time }
}

const stepsAmong = (takes: { offset: number }[]) =>
  takes.filter(({ offset }, i) => i > 0 && offset !== takes[i - 1]?.offset).length

const windowsTouched = (from: number, to: number, windowMs: number) =>
  Math.floor(to / windowMs) - Math.floor(from / windowMs) + 1

describe('a clock that stepped an hour and back', () => {
  it('denies for at most one window longer than a limit ever does', () => {
    fc.assert(
      fc.property(policies, step, requests, (policy, stepMs, sequence) => {
        const { limit, time } = play(policy, stepMs, sequence)
        const { algorithm, max, windowMs, refill } = policy
        const longest = {
          fixedWindow: windowMs,
          slidingWindow: 2 * windowMs,
          tokenBucket: Math.ceil(max / refill) * windowMs,
        }[algorithm]
        // Also at the moment of the step back, before anybody has asked again.
        for (const now of [time, time - stepMs, time + stepMs]) {
          const wait = msUntil(max, limit.countAt(now), policy, now)
          expect(wait).toBeLessThanOrEqual(longest + windowMs)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it("lets one window's worth more through for each step, and both one more where they cut windows", () => {
    fc.assert(
      fc.property(policies, step, requests, (policy, stepMs, sequence) => {
        if (policy.algorithm === 'tokenBucket') return
        const { takes } = play(policy, stepMs, sequence)
        const [first, last] = [takes.at(0), takes.at(-1)]
        if (!first || !last) return
        const { max, windowMs } = policy
        // There and back, also where no request passed on one side of a step: while the clock is off, its windows have other
        // edges than the time's, so that requests of one window of time may lie in two of the clock's.
        const steps = 2
        const cut = stepMs % windowMs === 0 ? 0 : 1
        const most = (windowsTouched(first.at, last.at, windowMs) + steps + cut) * max
        expect(sum(takes)).toBeLessThanOrEqual(most)
      }),
      { numRuns: 3000 },
    )
  })

  it('fills a bucket once more for each step, and no further', () => {
    fc.assert(
      fc.property(policies, step, requests, (any, stepMs, sequence) => {
        const policy: LimitPolicy = { ...any, algorithm: 'tokenBucket' }
        const { takes } = play(policy, stepMs, sequence)
        const [first, last] = [takes.at(0), takes.at(-1)]
        if (!first || !last) return
        const refills = Math.floor((last.at - first.at) / policy.windowMs) + 1
        const most = (1 + stepsAmong(takes)) * policy.max + refills * policy.refill
        expect(sum(takes)).toBeLessThanOrEqual(most)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('by name', () => {
  const fixed: LimitPolicy = { algorithm: 'fixedWindow', max: 5, windowMs: 60_000, refill: 5 }

  it('a window that is counted opens again neither for a clock half a second slow nor for one a minute slow', () => {
    for (const algorithm of ['fixedWindow', 'slidingWindow', 'tokenBucket'] as const) {
      const limit = new Played({ ...fixed, algorithm })
      expect(limit.take(base + 60_000, 5)).toBe(true)
      for (const slow of [1, 500, 60_000]) expect(limit.take(base + 60_000 - slow, 1)).toBe(false)
    }
  })

  it('a clock that is off by no whole number of windows has other edges, and opens its window there', () => {
    const policy: LimitPolicy = { algorithm: 'fixedWindow', max: 1, windowMs: 501, refill: 1 }
    const edge = Math.ceil((base + HOUR_MS) / 501) * 501 - HOUR_MS
    expect(edge % 501).not.toBe(0)
    const limit = new Played(policy)
    expect(limit.take(edge - 1 + HOUR_MS, 1)).toBe(true)
    expect(limit.take(edge + HOUR_MS, 1)).toBe(true)
    expect(limit.take(edge + 8 + HOUR_MS, 1)).toBe(false)
  })

  it('what a clock an hour ahead has counted denies nobody for that hour', () => {
    for (const algorithm of ['fixedWindow', 'slidingWindow', 'tokenBucket'] as const) {
      const policy = { ...fixed, algorithm, refill: 1 }
      const limit = new Played(policy)
      expect(limit.take(base + HOUR_MS, 5)).toBe(true)
      expect(msUntil(5, limit.countAt(base), policy, base)).toBe(0)
    }
  })

  it('a clock that runs ahead into the next month opens that quota, and going back keeps what it took there', () => {
    const policy: LimitPolicy = {
      algorithm: 'fixedWindow',
      max: 5,
      windowMs: 31 * 86_400_000,
      calendar: 'month',
      refill: 5,
    }
    const turn = Date.UTC(2027, 1, 1)
    const limit = new Played(policy)
    expect(limit.take(turn - 60_000, 5)).toBe(true)
    expect(limit.take(turn - 60_000 + HOUR_MS, 3)).toBe(true)
    expect(limit.take(turn - 30_000, 3)).toBe(false)
    expect(limit.take(turn - 30_000, 2)).toBe(true)
    expect(limit.take(turn + 1, 1)).toBe(false)
    expect(limit.take(Date.UTC(2027, 2, 1), 5)).toBe(true)
  })
})
