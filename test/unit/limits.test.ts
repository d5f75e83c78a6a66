import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Count, expiresAt, free, msUntil, roll, takeBack } from '../../src/state/limits.ts'
import type { LimitPolicy } from '../../src/state/state.ts'

const policies = fc.record({
  algorithm: fc.constantFrom('slidingWindow', 'fixedWindow', 'tokenBucket'),
  max: fc.integer({ min: 1, max: 30 }),
  windowMs: fc.integer({ min: 100, max: 5000 }),
  refill: fc.integer({ min: 1, max: 40 }),
}) satisfies fc.Arbitrary<LimitPolicy>

const steps = fc.array(
  fc.record({ pauseMs: fc.integer({ min: 0, max: 4000 }), cost: fc.integer({ min: 1, max: 12 }) }),
  { minLength: 1, maxLength: 40 },
)

const base = 1_795_000_000_000

interface Take {
  at: number
  cost: number
}

/** Plays requests against one limit as the object does, an expired record being absent. */
function play(policy: LimitPolicy, sequence: { pauseMs: number; cost: number }[]) {
  let stored: Count | undefined
  let now = base
  const takes: Take[] = []
  for (const { pauseMs, cost } of sequence) {
    now += pauseMs
    if (stored !== undefined && expiresAt(stored, policy) <= now) stored = undefined
    const count = roll(stored, policy, now)
    if (free(count, policy, now) < cost) continue
    stored = { ...count, used: count.used + cost }
    takes.push({ at: now, cost })
  }
  return { stored, now, takes }
}

test('never admits more than max in a window, nor more than capacity and refills from a bucket', () => {
  fc.assert(
    fc.property(policies, steps, (policy, sequence) => {
      const { takes } = play(policy, sequence)
      const { algorithm, max, windowMs, refill } = policy
      for (const from of takes) {
        const window = Math.floor(from.at / windowMs)
        const inWindow = takes.filter(({ at }) => Math.floor(at / windowMs) === window)
        if (algorithm !== 'tokenBucket') expect(sum(inWindow)).toBeLessThanOrEqual(max)
        for (const to of takes) {
          if (to.at < from.at || algorithm !== 'tokenBucket') continue
          const between = takes.filter(({ at }) => at >= from.at && at <= to.at)
          const refills = Math.floor((to.at - from.at) / windowMs) + 1
          expect(sum(between)).toBeLessThanOrEqual(max + refills * refill)
        }
      }
    }),
    { numRuns: 1000 },
  )
})

test('sliding window: what is taken and the fading rest of the last window stay within max', () => {
  fc.assert(
    fc.property(policies, steps, (any, sequence) => {
      const policy: LimitPolicy = { ...any, algorithm: 'slidingWindow' }
      const { takes } = play(policy, sequence)
      for (const { at } of takes) {
        const start = Math.floor(at / policy.windowMs) * policy.windowMs
        const current = sum(takes.filter((take) => take.at >= start && take.at <= at))
        const before = sum(takes.filter((take) => take.at >= start - policy.windowMs && take.at < start))
        const weight = 1 - (at - start) / policy.windowMs
        expect(current + before * weight).toBeLessThanOrEqual(policy.max + 1e-6)
      }
    }),
    { numRuns: 1000 },
  )
})

test('tells the millisecond from which units are free, and not an earlier one', () => {
  fc.assert(
    fc.property(policies, steps, fc.integer({ min: 1, max: 30 }), (policy, sequence, wanted) => {
      const { stored, now } = play(policy, sequence)
      const units = Math.min(wanted, policy.max)
      const count = roll(stored, policy, now)
      const wait = Math.ceil(msUntil(units, count, policy, now) - 1e-6)
      const freeAt = (at: number) => free(roll(stored, policy, at), policy, at)
      expect(freeAt(now + wait)).toBeGreaterThanOrEqual(units)
      if (wait > 0) expect(freeAt(now + wait - 1)).toBeLessThan(units)
    }),
    { numRuns: 1000 },
  )
})

test('gives back what was taken and no more, whatever others took and however windows turned meanwhile', () => {
  fc.assert(
    fc.property(policies, steps, fc.integer({ min: 1, max: 8 }), steps, (policy, before, cost, after) => {
      const past = play(policy, before)
      const count = roll(past.stored, policy, past.now)
      if (free(count, policy, past.now) < cost) return
      let withTake: Count = { ...count, used: count.used + cost }
      let without: Count = count
      let now = past.now
      for (const step of after.slice(0, 5)) {
        now += step.pauseMs
        withTake = roll(withTake, policy, now)
        // A bucket that is full starts its intervals anew: compare on the same ones.
        without = { ...roll(without, policy, now), start: withTake.start }
        if (free(withTake, policy, now) < step.cost) continue
        withTake = { ...withTake, used: withTake.used + step.cost }
        without = { ...without, used: without.used + step.cost }
      }
      const given = free(takeBack(withTake, policy, cost, count.start, now), policy, now)
      const never = free(without, policy, now)
      expect(given).toBeLessThanOrEqual(never)
      if (policy.algorithm !== 'tokenBucket') expect(given).toBe(never)
    }),
    { numRuns: 1000 },
  )
})

test('says no more than an absent record once it has expired', () => {
  fc.assert(
    fc.property(policies, steps, (policy, sequence) => {
      const { stored } = play(policy, sequence)
      if (stored === undefined) return
      const at = expiresAt(stored, policy)
      expect(free(roll(stored, policy, at), policy, at)).toBe(policy.max)
    }),
  )
})

test('opens no counted window again when the clock is set back', () => {
  const policy: LimitPolicy = { algorithm: 'fixedWindow', max: 5, windowMs: 1000, refill: 1 }
  const count: Count = { start: base + 1000, used: 5, previous: 0 }
  expect(free(roll(count, policy, base + 10), policy, base + 10)).toBe(0)
})

const sum = (takes: Take[]) => takes.reduce((total, { cost }) => total + cost, 0)
