import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Count, free, readingOf, roll, takeBack } from '../../src/state/limits.ts'
import type { LimitClaim } from '../../src/state/state.ts'
import { limitOf } from '../contract/suite.ts'
import { request, useRedis, withClock } from './redis.ts'

let now = Date.UTC(2026, 0, 1)
const tested = useRedis({ rewriteScript: (source) => withClock(source, now) })

const DAY = 86_400_000
const clocked = fc.oneof(
  fc.record({
    algorithm: fc.constantFrom('slidingWindow', 'fixedWindow', 'tokenBucket'),
    max: fc.integer({ min: 1, max: 30 }),
    windowMs: fc.integer({ min: 100, max: 100_000 }),
    refill: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({
    algorithm: fc.constant('fixedWindow'),
    calendar: fc.constant('month'),
    max: fc.integer({ min: 1, max: 30 }),
    windowMs: fc.constant(31 * DAY),
    refill: fc.constant(1),
  }),
) satisfies fc.Arbitrary<Partial<LimitClaim>>

const steps = fc.array(
  fc.record({
    pause: fc.double({ min: -0.5, max: 1.7, noNaN: true }),
    cost: fc.integer({ min: 0, max: 12 }),
    end: fc.constantFrom('keep', 'keep', 'give back'),
  }),
  { minLength: 1, maxLength: 12 },
)

/** The same limit as the shared arithmetic has it: what the script has to agree with. */
class Model {
  readonly #limit: LimitClaim
  #stored: Count | undefined

  constructor(limit: LimitClaim) {
    this.#limit = limit
  }

  take(cost: number): { reading: ReturnType<typeof readingOf>; start: number | undefined } {
    const limit = { ...this.#limit, cost }
    const count = roll(this.#stored, limit, now)
    const denies = free(count, limit, now) < cost
    if (denies) return { reading: readingOf(limit, count, now, true), start: undefined }
    const taken = { ...count, used: count.used + cost }
    if (cost > 0) this.#stored = taken
    return { reading: readingOf(limit, taken, now), start: count.start }
  }

  giveBack(cost: number, start: number): void {
    const count = roll(this.#stored, this.#limit, now)
    const less = takeBack(count, this.#limit, cost, start, now)
    if (less.used !== count.used || less.previous !== count.previous) this.#stored = less
  }
}

test('the script counts as the shared arithmetic does, whatever the clock and the order', async () => {
  const state = tested.isolate()
  await fc.assert(
    fc.asyncProperty(clocked, steps, fc.integer({ min: 0, max: 3000 }), async (policy, sequence, days) => {
      const limit = limitOf(policy)
      const model = new Model(limit)
      now = Date.UTC(2024, 0, 1) + days * DAY + 12_345
      for (const { pause, cost, end } of sequence) {
        now += Math.round(pause * limit.windowMs)
        const expected = model.take(cost)
        const asked = request({ limits: [{ ...limit, cost }] })
        const admission = await state.admit(asked)
        expect(admission).toMatchObject({
          outcome: expected.start === undefined ? 'limited' : 'admitted',
          limits: [expected.reading],
        })
        if (end === 'give back' && expected.start !== undefined) {
          now += Math.round(limit.windowMs / 3)
          await state.giveBack(asked)
          model.giveBack(cost, expected.start)
        }
      }
    }),
    { numRuns: 120 },
  )
}, 120_000)

test('a calendar month begins on its first day in UTC, in each of 400 years', async () => {
  const state = tested.isolate()
  const limit = limitOf({ algorithm: 'fixedWindow', calendar: 'month', windowMs: 31 * DAY, max: 1 })
  const outcome = async () => (await state.admit(request({ limits: [limit] }))).outcome
  for (let year = 2002; year < 2402; year += 13) {
    for (const month of [0, 1, 2, 11]) {
      now = Date.UTC(year, month, 1)
      expect([year, month, await outcome(), await outcome()]).toEqual([year, month, 'admitted', 'limited'])
      now = Date.UTC(year, month + 1, 1) - 1
      expect([year, month, await outcome()]).toEqual([year, month, 'limited'])
    }
  }
}, 60_000)
