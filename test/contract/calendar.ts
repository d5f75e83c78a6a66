import { expect, test } from 'vitest'
import type { Admission, LimitClaim, LimitReading, State } from '../../src/state/state.ts'
import { limitOf, type Suite } from './suite.ts'

export const DAY_MS = 86_400_000
export const month = { algorithm: 'fixedWindow', windowMs: 31 * DAY_MS, calendar: 'month' } as const

/** Begin of the next month in UTC. */
function monthEnd(now: number): number {
  const date = new Date(now)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
}

/** How the tests of limits ask. */
interface Asking {
  state: State
  outcome(...limits: LimitClaim[]): Promise<Admission['outcome']>
  read(limit: LimitClaim): Promise<LimitReading | undefined>
}

/** Windows of the calendar in UTC. */
export function describeCalendar({ tools, request }: Suite, { state, outcome, read }: Asking): void {
  const startOfMonth = () => tools.advance(monthEnd(tools.now()) - tools.now())

  test('day: full again at midnight in UTC, not a millisecond before', async () => {
    const limit = limitOf({ algorithm: 'fixedWindow', max: 3, windowMs: DAY_MS })
    await tools.advance(DAY_MS - (tools.now() % DAY_MS))
    expect(new Date(tools.now()).toISOString()).toMatch(/T00:00:00.000Z$/)
    await tools.advance(DAY_MS / 2)
    expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
    expect(await read(limit)).toMatchObject({ remaining: 0, resetSeconds: DAY_MS / 2000 })
    await tools.advance(DAY_MS / 2 - 1)
    expect(await outcome(limit)).toBe('limited')
    await tools.advance(1)
    expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
  })

  test('month: full again on the first in UTC, not a millisecond before, whatever its length', async () => {
    const limit = limitOf({ max: 3, ...month })
    await startOfMonth()
    const lengths = new Set<number>()
    // Five months on end have one of 31 days, and one of fewer.
    for (let i = 0; i < 5; i++) {
      const length = monthEnd(tools.now()) - tools.now()
      lengths.add(length / DAY_MS)
      expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
      expect(await read(limit)).toMatchObject({ remaining: 0, resetSeconds: length / 1000 })
      await tools.advance(length - 1)
      const denied = await state.admit(request({ limits: [limit] }))
      expect(denied).toMatchObject({
        outcome: 'limited',
        retryAfterSeconds: 1,
        limits: [{ windowMs: limit.windowMs }],
      })
      await tools.advance(1)
    }
    expect(lengths.size).toBeGreaterThan(1)
    expect(await read(limit)).toMatchObject({ remaining: 3, resetSeconds: 0 })
  })

  test('month: what was taken in the last is not given back to this one', async () => {
    const limit = limitOf({ max: 3, ...month })
    await startOfMonth()
    await tools.advance(monthEnd(tools.now()) - tools.now() - 1)
    const first = request({ limits: [limit] })
    expect((await state.admit(first)).outcome).toBe('admitted')
    await tools.advance(1)
    expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
    await state.giveBack(first)
    expect(await outcome(limit)).toBe('limited')
  })

  test('month: of the calendar and 31 days are two counts', async () => {
    const limit = limitOf({ max: 3, ...month })
    expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
    const { calendar: _, ...days } = limit
    expect(await outcome({ ...days, cost: 3 })).toBe('admitted')
  })
}
