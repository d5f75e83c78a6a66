import { afterEach, describe, expect, test } from 'vitest'
import type { Fault } from '../../src/dev/redis/faults.ts'
import { type AdmitRequest, type State, StateError } from '../../src/state/state.ts'
import { claimOf, limitOf } from '../contract/suite.ts'
import { request, TOKEN, useRedis } from './redis.ts'

const tested = useRedis()
afterEach(() => tested.front.faults.clear())
const full = (parts: Partial<AdmitRequest> = {}) =>
  request({
    client: '192.0.2.1',
    revocable: ['somebody@example.com'],
    limits: [limitOf()],
    claim: claimOf(),
    ...parts,
  })
const within = (ms: number) => ({ signal: AbortSignal.timeout(ms) })

/** What a call ended with, and how long it took. */
async function ended(call: Promise<unknown>): Promise<{ fault: string | undefined; ms: number }> {
  const start = performance.now()
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  const ms = performance.now() - start
  if (error === undefined) return { fault: undefined, ms }
  if (!(error instanceof StateError)) throw error
  // Nothing of the request, and not the credential, may stand in what could be logged.
  expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toMatch(/192\.0\.2\.1|somebody|sp1:/)
  expect(`${error.message} ${error.stack}`).not.toContain(TOKEN)
  expect(error.cause).toBeUndefined()
  return { fault: error.fault, ms }
}

/** Far beyond any deadline here, so that a busy machine is not taken for one that waits. */
const LATE_MS = 3000
const html = '<html><body>503 Service Temporarily Unavailable</body></html>'
const faults: [string, Fault, string][] = [
  ['a hang', { kind: 'hang' }, 'no answer in time'],
  ['a hang after it was executed', { kind: 'hang-after' }, 'no answer in time'],
  ['an answer after the deadline', { kind: 'late-reply', ms: LATE_MS }, 'no answer in time'],
  ['a wait longer than the deadline', { kind: 'latency', ms: LATE_MS }, 'no answer in time'],
  ['a socket closed before', { kind: 'closed' }, 'not reachable'],
  ['a socket closed after', { kind: 'lost-reply' }, 'not reachable'],
  [
    '429',
    { kind: 'status', status: 429, body: '{"error":"ERR max requests limit exceeded. Limit: 500000"}' },
    'over its quota',
  ],
  [
    'a full database',
    {
      kind: 'status',
      status: 400,
      body: '{"error":"ERR DB capacity quota exceeded. Threshold: 268435456 bytes"}',
    },
    'out of memory',
  ],
  ['500', { kind: 'status', status: 500, body: '{"error":"ERR internal"}' }, 'failed'],
  [
    '503 in HTML',
    { kind: 'status', status: 503, body: html, contentType: 'text/html' },
    'answer not understood',
  ],
  ['200 in HTML', { kind: 'html' }, 'answer not understood'],
  ['an answer whose connection ends in its middle', { kind: 'truncated' }, 'not reachable'],
  ['JSON cut short', { kind: 'cut-json' }, 'answer not understood'],
  ['an answer of nothing', { kind: 'null-result' }, 'answer not understood'],
]

describe('a fault ends inside the deadline, with its name', () => {
  test.each(faults)('%s at admit, and a second try with the token counts once', async (_, fault, name) => {
    const state = tested.isolate()
    const limit = limitOf({ max: 10 })
    const asked = full({ limits: [limit] })
    await state.admit(full())
    tested.front.faults.plan({ fault })
    const { fault: seen, ms } = await ended(state.admit({ ...asked, ...within(300) }))
    expect([seen, ms < LATE_MS - 500]).toEqual([name, true])
    expect(await state.admit({ ...asked, ...within(2000) })).toMatchObject({
      outcome: 'admitted',
      limits: [{ remaining: 9 }],
    })
    expect(await state.admit(full({ limits: [limit] }))).toMatchObject({ limits: [{ remaining: 8 }] })
  })

  test.each(faults)('%s at commit, and the next try commits', async (_, fault, name) => {
    const state = tested.isolate()
    const { claim = claimOf(), token } = await admitted(state)
    tested.front.faults.plan({ fault })
    const first = await ended(state.settle({ claim, token, as: 'commit', ...within(300) }))
    expect(first.fault).toBe(name)
    expect(await state.settle({ claim, token, as: 'commit' })).toBe(true)
    expect(await state.admit(full({ claim }))).toMatchObject({
      outcome: 'done',
      duplicateOf: claim.requestId,
    })
  })

  test.each(faults)('%s at release, and the next try lets the retry through', async (_, fault, name) => {
    const state = tested.isolate()
    const { claim = claimOf(), token } = await admitted(state)
    tested.front.faults.plan({ fault })
    const first = await ended(state.settle({ claim, token, as: 'release', ...within(300) }))
    expect(first.fault).toBe(name)
    expect(await state.settle({ claim, token, as: 'release' })).toBe(true)
    expect((await state.admit(full({ claim }))).outcome).toBe('admitted')
  })
})

async function admitted(state: State): Promise<AdmitRequest> {
  const asked = full()
  expect((await state.admit(asked)).outcome).toBe('admitted')
  return asked
}

describe('what a late first try leaves', () => {
  const held = (ms: number) => tested.front.faults.plan({ fault: { kind: 'latency', ms } })

  test('nothing after the give-back: no count, no lease', async () => {
    const state = tested.isolate()
    const limit = limitOf({ max: 10 })
    for (const claim of [claimOf(), undefined]) {
      const asked = full({ limits: [limit], ...(claim ? { claim } : {}) })
      if (!claim) delete asked.claim
      await state.admit(full())
      held(250)
      const late = ended(state.admit({ ...asked, ...within(50) }))
      expect((await late).fault).toBe('no answer in time')
      await state.giveBack(asked)
      await new Promise((resolve) => setTimeout(resolve, 400))
      expect(await state.admit(full({ limits: [{ ...limit, cost: 11 }] }))).toMatchObject({
        outcome: 'limited',
        limits: [{ remaining: 10 }],
      })
      if (claim) expect((await state.admit(full({ claim }))).outcome).toBe('admitted')
    }
  })

  test('nothing after its retry was admitted and given back', async () => {
    const state = tested.isolate()
    const limit = limitOf({ max: 10 })
    for (const claim of [claimOf(), undefined]) {
      const { claim: _other, ...rest } = full({ limits: [limit] })
      const asked = { ...rest, ...(claim && { claim }) }
      await state.admit(full())
      held(300)
      expect((await ended(state.admit({ ...asked, ...within(50) }))).fault).toBe('no answer in time')
      expect((await state.admit(asked)).outcome).toBe('admitted')
      await state.giveBack(asked)
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(await state.admit(full({ limits: [{ ...limit, cost: 11 }] }))).toMatchObject({
        limits: [{ remaining: 10 }],
      })
      if (claim) {
        expect((await state.admit(full({ claim }))).outcome).toBe('admitted')
      }
    }
  })

  test('no lease after its retry was admitted, forwarded and released', async () => {
    const state = tested.isolate()
    const asked = full()
    const { claim = claimOf(), token } = asked
    await state.admit(full())
    held(300)
    expect((await ended(state.admit({ ...asked, ...within(50) }))).fault).toBe('no answer in time')
    expect((await state.admit(asked)).outcome).toBe('admitted')
    await state.settle({ claim, token, as: 'release' })
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect((await state.admit(full({ claim }))).outcome).toBe('admitted')
  })
})

test('each of many calls at once has its own deadline', async () => {
  const state = tested.isolate()
  await state.admit(full())
  tested.front.faults.plan({ fault: { kind: 'latency', ms: 1500 }, times: 40 })
  const calls = Array.from({ length: 40 }, (_, i) => {
    const ms = i % 2 === 0 ? 100 : 10_000
    return ended(state.admit(full(within(ms))))
  })
  const endings = await Promise.all(calls)
  // The answer comes after 1.5 s: some had given up by then, and took nobody along.
  endings.forEach(({ fault, ms }, i) => {
    if (i % 2 === 0) expect(fault).toBe('no answer in time')
    else expect([fault, ms >= 1490]).toEqual([undefined, true])
  })
})

test('a wrong credential is told apart, at every call', async () => {
  const state = tested.isolate({}, { UPSTASH_REDIS_REST_TOKEN: 'another' })
  const claim = claimOf()
  expect((await ended(state.admit(full()))).fault).toBe('credential refused')
  expect((await ended(state.settle({ claim, token: 'x', as: 'commit' }))).fault).toBe('credential refused')
  expect((await ended(state.settle({ claim, token: 'x', as: 'release' }))).fault).toBe('credential refused')
})

test('a reply that the gate cannot have given is no admission', async () => {
  const state = tested.isolate()
  const replies = [
    '{"result":[]}',
    '{"result":"admitted"}',
    '{"result":["YWRtaXR0ZWQ="]}',
    '{"result":1}',
    '{}',
    '[]',
    'null',
    `{"result":[${['yes', String(Date.now()), '', '1 1 1'].map((text) => `"${btoa(text)}"`)}]}`,
    `{"result":[${['admitted', 'now', '', '1 1 1'].map((text) => `"${btoa(text)}"`)}]}`,
    `{"result":[${['admitted', String(Date.now()), '', '1 1'].map((text) => `"${btoa(text)}"`)}]}`,
    `{"result":[${['admitted', String(Date.now()), ''].map((text) => `"${btoa(text)}"`)}]}`,
  ]
  for (const body of replies) {
    tested.front.faults.plan({ fault: { kind: 'status', status: 200, body } })
    expect((await ended(state.admit(full()))).fault).toBeDefined()
  }
  expect((await state.admit(full())).outcome).toBe('admitted')
})
