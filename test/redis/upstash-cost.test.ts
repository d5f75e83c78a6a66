import { describe, expect, test } from 'vitest'
import type { AdmitRequest, State } from '../../src/state/state.ts'
import { claimOf, limitOf } from '../contract/suite.ts'
import { request, useRedis } from './redis.ts'

const tested = useRedis()

/** The commands that Redis ran: the call itself and what its script ran, which is what Upstash bills. */
async function billed(run: () => Promise<unknown>): Promise<string[]> {
  const monitor = await tested.front.monitor()
  await run()
  await monitor.stop()
  return monitor.lines.map(({ command }) => String(command[0]).toUpperCase())
}

/** How many HTTP calls reached the front. */
async function calls(run: () => Promise<unknown>): Promise<number> {
  tested.front.calls.length = 0
  await run()
  return tested.front.calls.length
}

const caller = { client: '192.0.2.1', revocable: ['https://issuer|subject'] }
const full = (parts: Partial<AdmitRequest> = {}) =>
  request({ ...caller, limits: [limitOf()], claim: claimOf(), ...parts })

async function warm(): Promise<State> {
  const state = tested.isolate()
  await state.admit(full())
  return state
}

describe('commands', () => {
  test('one sliding limit and a claim: 5, blocks and revocations among them, and 1 to commit', async () => {
    const state = await warm()
    const asked = full()
    const admit = await billed(() => state.admit(asked))
    expect(admit).toEqual(['EVALSHA', 'TIME', 'MGET', 'SET', 'SET'])
    const { claim, token } = asked
    if (!claim) throw new Error('no claim')
    expect(await billed(() => state.settle({ claim, token, as: 'commit' }))).toEqual(['SET'])
  })

  test.each([
    ['no limit and no claim, but blocks and revocations', {}, 3],
    ['a limit without a claim', { limits: [limitOf()] }, 5],
    ['a claim without a limit', { claim: claimOf() }, 4],
    ['three limits and a claim', { limits: [limitOf(), limitOf(), limitOf()], claim: claimOf() }, 7],
    ['a claim that is used once', { claim: claimOf({ kind: 'once' }) }, 4],
  ])('%s', async (_, parts, count) => {
    const state = await warm()
    expect(await billed(() => state.admit(request({ ...caller, ...parts })))).toHaveLength(count)
  })

  test('a denial of any kind: 3, none of which writes', async () => {
    const state = await warm()
    const scarce = limitOf({ max: 1 })
    const done = claimOf()
    const leased = claimOf()
    const first = full({ claim: done, limits: [scarce] })
    await state.admit(first)
    await state.settle({ claim: done, token: first.token, as: 'commit' })
    await state.admit(full({ claim: leased }))
    await tested.operations().block('192.0.2.66', Date.now() + 60_000)
    await tested.operations().revoke('revoked', Date.now() + 60_000)
    const denials = {
      limited: full({ limits: [scarce] }),
      leased: full({ claim: leased }),
      done: full({ claim: done }),
      blocked: full({ client: '192.0.2.66' }),
      revoked: full({ revocable: ['revoked'] }),
    }
    for (const [outcome, denied] of Object.entries(denials)) {
      const ran = await billed(async () => expect((await state.admit(denied)).outcome).toBe(outcome))
      expect([outcome, ...ran]).toEqual([outcome, 'EVALSHA', 'TIME', 'MGET'])
    }
    expect(await billed(() => state.admit(first).catch(() => undefined))).toHaveLength(3)
  })

  test('a release: 4; a client that this isolate knows to be blocked: 0', async () => {
    const state = await warm()
    await state.settle({ claim: claimOf(), token: 'known', as: 'release' })
    const { claim = claimOf(), ...asked } = full()
    await state.admit({ ...asked, claim })
    expect(await billed(() => state.settle({ claim, token: asked.token, as: 'release' }))).toEqual([
      'EVALSHA',
      'GET',
      'SET',
      'DEL',
    ])
    const client = '192.0.2.67'
    await tested.operations().block(client, Date.now() + 60_000)
    await state.admit(full({ client }))
    expect(await billed(async () => expect(state.knowsBlocked(client, Date.now())).toBe(true))).toEqual([])
  })

  test('eight names that can be revoked: no more than one of them', async () => {
    const state = await warm()
    const revocable = Array.from({ length: 8 }, (_, i) => `sid:https://issuer|${i}`)
    const asked = () => state.admit(full({ revocable, issuedAt: Date.now() }))
    expect(await billed(asked)).toEqual(['EVALSHA', 'TIME', 'MGET', 'SET', 'SET'])
  })

  test('recall, keep and findApiKey: 1 each, in one call', async () => {
    const state = tested.isolate()
    const signal = AbortSignal.timeout(10_000)
    const ways: [string, () => Promise<unknown>][] = [
      ['SET', () => state.keep('keys:a', 'text', 60_000, signal)],
      ['GET', () => state.recall('keys:a', signal)],
      ['HGET', () => state.findApiKey('0'.repeat(64), signal)],
    ]
    for (const [command, way] of ways) {
      expect(await billed(way)).toEqual([command])
      expect(await calls(way)).toBe(1)
    }
  })

  test('nothing to count, to claim or to look up: 0', async () => {
    const state = tested.isolate()
    expect(await billed(() => state.admit(request()))).toEqual([])
  })
})

describe('HTTP calls', () => {
  test('1 before the forward and 1 after; one more when the server has forgotten its scripts', async () => {
    const state = await warm()
    const asked = full()
    const { claim = claimOf(), token } = asked
    expect(await calls(() => state.admit(asked))).toBe(1)
    expect(await calls(() => state.settle({ claim, token, as: 'commit' }))).toBe(1)
    await tested.front.raw(['SCRIPT', 'FLUSH'])
    expect(await calls(() => state.admit(full()))).toBe(2)
    expect(await calls(() => state.admit(full()))).toBe(1)
    const released = full()
    await state.admit(released)
    await tested.front.raw(['SCRIPT', 'FLUSH'])
    const settle = () =>
      state.settle({ claim: released.claim ?? claimOf(), token: released.token, as: 'release' })
    expect(await calls(settle)).toBe(2)
  })

  test('40 at once in one isolate: 40 calls, each with one command, and each gets its own answer', async () => {
    const state = await warm()
    // Each finds another count: the answers cannot be told from the questions.
    const limits = Array.from({ length: 40 }, () => limitOf({ max: 1000 }))
    for (const [i, limit] of limits.entries()) {
      await state.admit(request({ limits: [{ ...limit, cost: i + 1 }] }))
    }
    const asked = limits.map((limit) => full({ limits: [limit] }))
    tested.front.calls.length = 0
    const admissions = await Promise.all(asked.map((each) => state.admit(each)))
    expect(tested.front.calls.map(({ path, commands }) => [path, commands.length])).toEqual(
      Array.from({ length: 40 }, () => ['/', 1]),
    )
    for (const [i, admission] of admissions.entries()) {
      expect(admission).toMatchObject({
        outcome: 'admitted',
        limits: [{ remaining: 998 - i }],
      })
    }
  })

  test('40 at once after a script flush: at most 2 calls each, and each counts once', async () => {
    const state = await warm()
    const limit = limitOf({ max: 100 })
    await tested.front.raw(['SCRIPT', 'FLUSH'])
    const asked = Array.from({ length: 40 }, () => full({ limits: [limit] }))
    expect(await calls(() => Promise.all(asked.map((each) => state.admit(each))))).toBeLessThanOrEqual(80)
    expect(await state.admit(request({ limits: [limit] }))).toMatchObject({ limits: [{ remaining: 59 }] })
  })
})
