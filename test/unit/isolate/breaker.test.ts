import { describe, expect, it } from 'vitest'
import { OVER, STARVED } from '../../../src/lib/wait.ts'
import { FAILURES_TO_OPEN, PROBE_LOST_MS } from '../../../src/state/isolate/breaker.ts'
import { guard } from '../../../src/state/isolate/guard.ts'
import { type Admission, type AdmitRequest, StateError } from '../../../src/state/state.ts'
import { admitted, never, requestOf, scripted } from './states.ts'

const down = async (): Promise<never> => {
  throw new StateError('not reachable')
}
const fail = (guarded: ReturnType<typeof guard>) =>
  expect(guarded.admit(requestOf())).rejects.toThrow('not reachable')
const expectNotAsked = (call: Promise<unknown>) =>
  expect(call).rejects.toThrow(new StateError('not asked: it failed before'))

/** A guarded state that has failed often enough to be taken for dead. */
async function opened() {
  let now = 1_000_000
  const backend = scripted(down)
  const guarded = guard(backend, () => now)
  for (let i = 0; i < FAILURES_TO_OPEN; i++) await fail(guarded)
  backend.asked.length = 0
  return { backend, guarded, pass: (ms: number) => (now += ms) }
}

/** Lets a call through as the probe and leaves it hanging; `end` aborts it. */
function hangingProbe({ backend, guarded }: Awaited<ReturnType<typeof opened>>, token = 'probe') {
  backend.answer = never
  const aborter = new AbortController()
  guarded.admit(requestOf({ token, signal: aborter.signal })).catch(() => undefined)
  return () => aborter.abort()
}

describe('a state that fails', () => {
  it('is asked until it has failed five times in a row', async () => {
    const backend = scripted(down)
    const guarded = guard(backend)
    for (let i = 0; i < FAILURES_TO_OPEN - 1; i++) await fail(guarded)
    backend.answer = async () => admitted
    await guarded.admit(requestOf())
    backend.answer = down
    for (let i = 0; i < FAILURES_TO_OPEN; i++) await fail(guarded)
    expect(backend.asked).toHaveLength(2 * FAILURES_TO_OPEN)
  })

  it('then gets one probe at a time, and everybody else an answer at once', async () => {
    const open = await opened()
    const abort = hangingProbe(open)
    for (let i = 0; i < 20; i++) await expectNotAsked(open.guarded.admit(requestOf()))
    expect(open.backend.asked).toHaveLength(1)
    abort()
    open.backend.answer = async () => admitted
    expect(await open.guarded.admit(requestOf())).toEqual(admitted)
    expect(open.backend.asked).toHaveLength(2)
  })

  it('is not asked again by the probe that failed, whether it was refused or came too late', async () => {
    const open = await opened()
    await expect(open.guarded.admit(requestOf({ token: 'refused' }))).rejects.toThrow('not reachable')
    await expectNotAsked(open.guarded.admit(requestOf({ token: 'refused', isRetry: true })))
    hangingProbe(open, 'late')()
    await expectNotAsked(open.guarded.admit(requestOf({ token: 'late', isRetry: true })))
    expect(open.backend.asked.map(({ token }) => token)).toEqual(['refused', 'late'])
  })

  it('is asked again by every call that began before it was taken for dead', async () => {
    const backend = scripted(down)
    const guarded = guard(backend)
    const requests = Array.from({ length: 40 }, () => requestOf())
    await Promise.all(requests.map((request) => guarded.admit(request).catch(() => undefined)))
    const abort = hangingProbe({ backend, guarded, pass: () => 0 })
    await expectNotAsked(guarded.admit(requestOf()))
    backend.answer = async () => admitted
    for (const request of requests) {
      expect(await guarded.admit({ ...request, isRetry: true })).toEqual(admitted)
    }
    abort()
  })

  it('is believed alive after the first success, with five failures to go again', async () => {
    const { backend, guarded } = await opened()
    backend.answer = async () => admitted
    await guarded.admit(requestOf())
    backend.answer = down
    for (let i = 0; i < FAILURES_TO_OPEN - 1; i++) await fail(guarded)
    backend.answer = async () => admitted
    const both = [guarded.admit(requestOf()), guarded.admit(requestOf())]
    expect(await Promise.all(both)).toEqual([admitted, admitted])
    backend.answer = down
    for (let i = 0; i < FAILURES_TO_OPEN; i++) await fail(guarded)
    hangingProbe({ backend, guarded, pass: () => 0 })
    await expectNotAsked(guarded.admit(requestOf()))
  })

  it('counts as failing when the signal aborts, once, whatever becomes of the call', async () => {
    const replies: ((admission: Admission) => void)[] = []
    const backend = scripted(() => new Promise((resolve) => replies.push(resolve)))
    const guarded = guard(backend)
    for (let i = 0; i < FAILURES_TO_OPEN; i++) {
      const aborter = new AbortController()
      guarded.admit(requestOf({ signal: aborter.signal }))
      aborter.abort()
      aborter.abort()
    }
    // Late answers come to nobody: they do not make a slow state one that can be waited for.
    for (const reply of replies) reply(admitted)
    await Promise.resolve()
    hangingProbe({ backend, guarded, pass: () => 0 })
    await expectNotAsked(guarded.admit(requestOf()))
  })

  it('counts as failing when the caller had given up before the call', async () => {
    const backend = scripted(never)
    const guarded = guard(backend)
    for (let i = 0; i < FAILURES_TO_OPEN; i++)
      guarded.admit(requestOf({ signal: AbortSignal.abort() })).catch(() => undefined)
    hangingProbe({ backend, guarded, pass: () => 0 })
    await expectNotAsked(guarded.admit(requestOf()))
  })

  it('is not taken for dead by calls that began before its last success', async () => {
    const stuck: ((error: unknown) => void)[] = []
    const backend = scripted(() => new Promise((_, reject) => stuck.push(reject)))
    const guarded = guard(backend)
    const old = Array.from({ length: 20 }, () => guarded.admit(requestOf()).catch(() => 'failed'))
    backend.answer = async () => admitted
    await guarded.admit(requestOf())
    for (const reject of stuck) reject(new StateError('not reachable'))
    expect(await Promise.all(old)).toEqual(Array.from({ length: 20 }, () => 'failed'))
    const two = await Promise.all([guarded.admit(requestOf()), guarded.admit(requestOf())])
    expect(two).toEqual([admitted, admitted])
  })
})

describe('a caller that waits only a moment', () => {
  const hasty = (parts: Partial<AdmitRequest> = {}) => requestOf({ waitMs: 100, ...parts })

  it('does not make a slow state a dead one, while a refusal counts whoever hears it', async () => {
    const backend = scripted(never)
    const guarded = guard(backend)
    for (let i = 0; i < 20; i++) {
      const aborter = new AbortController()
      guarded.admit(hasty({ signal: aborter.signal })).catch(() => undefined)
      aborter.abort()
    }
    backend.answer = async () => admitted
    const two = await Promise.all([guarded.admit(requestOf()), guarded.admit(requestOf())])
    expect(two).toEqual([admitted, admitted])
    backend.answer = down
    for (let i = 0; i < FAILURES_TO_OPEN; i++) await guarded.admit(hasty()).catch(() => undefined)
    hangingProbe({ backend, guarded, pass: () => 0 })
    await expectNotAsked(guarded.admit(requestOf()))
  })

  it('does not take the place of the probe that has patience', async () => {
    const open = await opened()
    open.backend.answer = never
    open.guarded.admit(hasty()).catch(() => undefined)
    await expectNotAsked(open.guarded.admit(hasty()))
    open.backend.answer = async () => admitted
    expect(await open.guarded.admit(requestOf({ waitMs: 1000 }))).toEqual(admitted)
    expect(await open.guarded.admit(hasty())).toEqual(admitted)
  })
})

it('a wait that says nothing of the state is no failure: another try was quicker, or the isolate was busy', async () => {
  const backend = scripted(never)
  const guarded = guard(backend)
  for (let i = 0; i < 20; i++) {
    const aborter = new AbortController()
    guarded.admit(requestOf({ signal: aborter.signal })).catch(() => undefined)
    aborter.abort(i % 2 === 0 ? OVER : STARVED)
  }
  backend.answer = async () => admitted
  const two = await Promise.all([guarded.admit(requestOf()), guarded.admit(requestOf())])
  expect(two).toEqual([admitted, admitted])
})

describe('a probe of which nothing is heard', () => {
  it('makes room after half a minute, and what it says later is no news', async () => {
    const open = await opened()
    const abort = hangingProbe(open)
    open.pass(PROBE_LOST_MS - 1)
    await expectNotAsked(open.guarded.admit(requestOf()))
    open.pass(1)
    // The next one hangs as well, and holds the slot although the first is heard of at last.
    hangingProbe(open, 'second')
    abort()
    await expectNotAsked(open.guarded.admit(requestOf()))
    expect(open.backend.asked.map(({ token }) => token)).toEqual(['probe', 'second'])
  })

  it('makes room at once when the clock is set back', async () => {
    const open = await opened()
    hangingProbe(open)
    open.pass(-3_600_000)
    open.backend.answer = async () => admitted
    expect(await open.guarded.admit(requestOf())).toEqual(admitted)
  })
})

it('what ends a claim is never held back', async () => {
  const { backend, guarded } = await opened()
  const claim = {
    route: 'r',
    key: '00',
    requestId: 'x',
    kind: 'delivery',
    leaseMs: 1,
    ttlMs: 1,
    copiesPass: false,
  } as const
  expect(await guarded.settle({ claim, token: 't', as: 'commit' })).toBe(true)
  await guarded.giveBack(requestOf({ token: 'back' }))
  expect(backend.givenBack.map(({ token }) => token)).toEqual(['back'])
})
