import { afterAll, beforeAll, expect, it } from 'vitest'
import { LATE, OVER, STARVED, within } from '../../../src/lib/wait.ts'

const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
beforeAll(() => {
  process.on('unhandledRejection', note)
})
afterAll(() => {
  process.off('unhandledRejection', note)
})
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

it('gives the value of a call that ends in time, and leaves no timer behind', async () => {
  const before = timers()
  expect(await within(60_000, async () => 7)).toEqual({ ended: 'value', value: 7 })
  expect(timers()).toBe(before)
})

it('gives the error of a call that rejects, or throws before its first await, and leaves no timer behind', async () => {
  const before = timers()
  const error = new Error('no')
  expect(await within(60_000, () => Promise.reject(error))).toEqual({ ended: 'error', error })
  const thrower = (): Promise<never> => {
    throw error
  }
  expect(await within(60_000, thrower)).toEqual({ ended: 'error', error })
  expect(timers()).toBe(before)
})

it('stops waiting for a call that hangs, and aborts its signal', async () => {
  let signal: AbortSignal | undefined
  const hang = (given: AbortSignal): Promise<never> => {
    signal = given
    return new Promise(() => {})
  }
  const started = performance.now()
  expect(await within(30, hang)).toMatchObject({ ended: 'late' })
  expect(performance.now() - started).toBeLessThan(1000)
  expect(signal?.reason).toBe(LATE)
})

it('lets the signal of a call that was in time say that the wait is over, and nothing else', async () => {
  let signal: AbortSignal | undefined
  await within(20, async (given) => {
    expect(given.aborted).toBe(false)
    signal = given
  })
  await pause(40)
  expect(signal?.reason).toBe(OVER)
})

it('says so when the event loop was too busy to notice an answer', async () => {
  let signal: AbortSignal | undefined
  const waited = within(20, (given) => {
    signal = given
    return new Promise(() => {})
  })
  const end = performance.now() + 300
  while (performance.now() < end);
  expect(await waited).toEqual({ ended: 'late', starved: true })
  expect(signal?.reason).toBe(STARVED)
})

it('says "late" also of a call that rejects because it was aborted', async () => {
  const call = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  expect(await within(10, call)).toMatchObject({ ended: 'late' })
})

it('lets no rejection that came too late go unhandled', async () => {
  const tooLate = async (): Promise<never> => {
    await pause(30)
    throw new Error('too late')
  }
  expect(await within(5, tooLate)).toMatchObject({ ended: 'late' })
  await pause(60)
  expect(unhandled).toEqual([])
})
