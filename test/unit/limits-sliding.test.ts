// What two counts know of a window, against a log of every request: the bounds that src/state/README.md states.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { free, msUntil } from '../../src/state/limits.ts'
import type { LimitPolicy } from '../../src/state/state.ts'
import { logged, Played, sum, type Take } from './limits-play.ts'

const base = Math.ceil(1_795_000_000_000 / 60_000) * 60_000
const sliding = (max: number, windowMs: number): LimitPolicy => ({
  algorithm: 'slidingWindow',
  max,
  windowMs,
  refill: max,
})
const policies = fc
  .record({ max: fc.integer({ min: 1, max: 20 }), windowMs: fc.integer({ min: 2, max: 5000 }) })
  .map(({ max, windowMs }) => sliding(max, windowMs))

/** Requests at shares of a window: dense around edges, where the errors are. */
const steps = fc.array(
  fc.record({
    share: fc.oneof(fc.constantFrom(0, 0.001, 0.5, 0.999, 1), fc.double({ min: 0, max: 1.5, noNaN: true })),
    cost: fc.integer({ min: 1, max: 8 }),
    times: fc.integer({ min: 1, max: 20 }),
  }),
  { minLength: 1, maxLength: 25 },
)

function play(policy: LimitPolicy, sequence: { share: number; cost: number; times: number }[]) {
  const limit = new Played(policy)
  const takes: Take[] = []
  let now = base
  for (const { share, cost, times } of sequence) {
    now += Math.round(share * policy.windowMs)
    for (let i = 0; i < times && limit.take(now, cost); i++) takes.push({ at: now, cost })
  }
  return { limit, takes, now }
}

/** The share of the aligned window that has passed. */
const elapsed = (at: number, windowMs: number) => (at % windowMs) / windowMs
const check = (property: fc.IProperty<[LimitPolicy, { share: number; cost: number; times: number }[]]>) =>
  fc.assert(property, { numRuns: 2000 })

describe('a sliding window against an exact log', () => {
  it('admits at most max in an aligned window, at most max × (1 + its share passed) in the window that ends now, and so fewer than 2 × max', () => {
    check(
      fc.property(policies, steps, (policy, sequence) => {
        const { max, windowMs } = policy
        const { takes } = play(policy, sequence)
        for (const { at } of takes) {
          const start = at - (at % windowMs)
          expect(
            sum(takes.filter((take) => take.at >= start && take.at < start + windowMs)),
          ).toBeLessThanOrEqual(max)
          const exact = logged(takes, at, windowMs)
          expect(exact).toBeLessThanOrEqual(max * (1 + elapsed(at, windowMs)) + 1e-6)
          expect(exact).toBeLessThan(2 * max)
        }
      }),
    )
  })

  it('admits fewer than (n + 1) × max over n windows on end', () => {
    check(
      fc.property(policies, steps, (policy, sequence) => {
        const { max, windowMs } = policy
        const { takes } = play(policy, sequence)
        for (const { at } of takes) {
          for (const n of [1, 2, 3, 5]) {
            expect(logged(takes, at, n * windowMs)).toBeLessThan((n + 1) * max)
          }
        }
      }),
    )
  })

  it('sees at most max × share passed too few units, and at most max × share left too many', () => {
    check(
      fc.property(policies, steps, (policy, sequence) => {
        const { max, windowMs } = policy
        const { limit, takes, now } = play(policy, sequence)
        for (const later of [0, 0.1, 0.5, 0.9, 1, 1.3].map((share) => Math.round(share * windowMs))) {
          const at = now + later
          const exact = max - logged(takes, at, windowMs)
          const seen = free(limit.countAt(at), policy, at)
          const passed = elapsed(at, windowMs)
          // `free` is rounded down to whole units.
          expect(seen).toBeLessThanOrEqual(Math.max(0, exact + max * passed) + 1e-6)
          expect(seen).toBeGreaterThan(exact - max * (1 - passed) - 1 - 1e-6)
        }
      }),
    )
  })

  it('has room at most one window later than the log, if nothing else is taken', () => {
    check(
      fc.property(policies, steps, (policy, sequence) => {
        const { max, windowMs } = policy
        const { limit, takes, now } = play(policy, sequence)
        for (const units of [1, Math.ceil(max / 2), max]) {
          const wait = Math.ceil(msUntil(units, limit.countAt(now), policy, now) - 1e-6)
          const leaves = [now, ...takes.map(({ at }) => at + windowMs)].filter((at) => at >= now)
          const exact = Math.min(...leaves.filter((at) => logged(takes, at, windowMs) + units <= max)) - now
          expect(wait).toBeLessThanOrEqual(exact + windowMs)
        }
      }),
    )
  })
})

describe('the worst of it, by name', () => {
  const window = 60_000
  const takeAll = (limit: Played, at: number) => {
    let taken = 0
    while (limit.take(at, 1)) taken++
    return taken
  }

  it('100 in the last millisecond of a window, 99 by the last but one of the next: 199 within a minute, and never 200', () => {
    const limit = new Played(sliding(100, window))
    const takes: Take[] = []
    for (let at = base - 1; at < base + window - 1; at++) {
      const cost = takeAll(limit, at)
      if (cost > 0) takes.push({ at, cost })
    }
    expect(takes[0]).toEqual({ at: base - 1, cost: 100 })
    expect(logged(takes, base + window - 2, window)).toBe(199)
  })

  it('100 in the first millisecond of a window: a log has room for all a minute later, two counts for none, and for all after another', () => {
    const limit = new Played(sliding(100, window))
    const takes = [{ at: base, cost: takeAll(limit, base) }]
    const after = base + window
    expect(logged(takes, after, window)).toBe(0)
    expect(free(limit.countAt(after), limit.policy, after)).toBe(0)
    expect(free(limit.countAt(after + window - 1), limit.policy, after + window - 1)).toBe(99)
    expect(free(limit.countAt(after + window), limit.policy, after + window)).toBe(100)
  })

  it('one request in the longest window: not a second one within it, to the millisecond', () => {
    const month = 31 * 86_400_000
    const start = Math.ceil(base / month) * month
    const limit = new Played(sliding(1, month))
    expect(limit.take(start - 1, 1)).toBe(true)
    expect(limit.take(start + month - 2, 1)).toBe(false)
    expect(limit.take(start + month, 1)).toBe(true)
  })
})

describe('the other algorithms against the same log', () => {
  it('a fixed window admits at most 2 × max in any window, and that around an edge', () => {
    const limit = new Played({ algorithm: 'fixedWindow', max: 5, windowMs: 60_000, refill: 5 })
    const takes = [base - 1, base].map((at) => ({ at, cost: Number(limit.take(at, 5)) * 5 }))
    expect(logged(takes, base, 60_000)).toBe(10)
    check(
      fc.property(policies, steps, (policy, sequence) => {
        const { takes } = play({ ...policy, algorithm: 'fixedWindow' }, sequence)
        for (const { at } of takes) {
          expect(logged(takes, at, policy.windowMs)).toBeLessThanOrEqual(2 * policy.max)
        }
      }),
    )
  })

  it('a bucket admits at most max and one refill for each interval begun', () => {
    check(
      fc.property(policies, steps, (policy, sequence) => {
        const refill = Math.ceil(policy.max / 3)
        const { takes } = play({ ...policy, algorithm: 'tokenBucket', refill }, sequence)
        for (const { at } of takes) {
          for (const n of [1, 2, 3]) {
            const most = policy.max + n * refill
            expect(logged(takes, at, n * policy.windowMs)).toBeLessThanOrEqual(most)
          }
        }
      }),
    )
  })
})
