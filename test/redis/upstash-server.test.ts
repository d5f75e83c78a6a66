import { describe, expect, test } from 'vitest'
import { startRedisFront } from '../../src/dev/redis/front.ts'
import { startRedis } from '../../src/dev/redis/server.ts'
import { upstashState } from '../../src/state/upstash/index.ts'
import { claimOf, limitOf } from '../contract/suite.ts'
import { request, TOKEN, useRedis, withClock } from './redis.ts'

let shiftMs = 0
const tested = useRedis({
  redis: { persist: true },
  rewriteScript: (source) => (shiftMs === 0 ? source : withClock(source, Date.now() + shiftMs)),
})
const HOUR = 3_600_000

describe('a plain Redis', () => {
  test('runs the scripts without the flag that only Upstash knows, sent as they are', async () => {
    const redis = await startRedis()
    const front = await startRedisFront({ socketPath: redis.socketPath, token: TOKEN })
    const state = upstashState({ keyLocking: false })({
      ...tested.bindings,
      UPSTASH_REDIS_REST_URL: front.url,
    })
    const claim = claimOf()
    const asked = request({ limits: [limitOf()], claim })
    try {
      expect((await state.admit(asked)).outcome).toBe('admitted')
      await state.giveBack(asked)
      const again = request({ claim })
      expect((await state.admit(again)).outcome).toBe('admitted')
      expect(await state.settle({ claim, token: again.token, as: 'release' })).toBe(true)
      const texts = front.calls.flatMap(({ commands }) => commands.filter(([name]) => name === 'eval'))
      expect(texts).toHaveLength(3)
      for (const [, script] of texts) expect(script).not.toContain('#!')
    } finally {
      await front.close()
      await redis.stop()
    }
  })
})

describe('a full database', () => {
  test('refuses what is new and leaves no part of it, keeps what it holds, and works again with room', async () => {
    const redis = await startRedis()
    const front = await startRedisFront({ socketPath: redis.socketPath, token: TOKEN })
    const state = upstashState()({ ...tested.bindings, UPSTASH_REDIS_REST_URL: front.url })
    try {
      const held = request({ limits: [limitOf()], claim: claimOf() })
      await state.admit(held)
      await front.raw(['CONFIG', 'SET', 'maxmemory', '1'])
      const before = await front.raw(['DBSIZE'])
      const asked = request({ limits: [limitOf(), limitOf()], claim: claimOf() })
      await expect(state.admit(asked)).rejects.toMatchObject({ fault: 'out of memory' })
      expect(await front.raw(['DBSIZE'])).toBe(before)
      // What is refused needs no memory.
      const copy = request({ ...(held.claim && { claim: held.claim }) })
      expect((await state.admit(copy)).outcome).toBe('leased')
      await front.raw(['CONFIG', 'SET', 'maxmemory', '0'])
      expect((await state.admit(asked)).outcome).toBe('admitted')
    } finally {
      await front.close()
      await redis.stop()
    }
  })
})

describe('evicted keys', () => {
  test('a lost count starts anew, a lost lease lets one copy in, and the first commit still holds', async () => {
    const state = tested.isolate()
    const limit = limitOf({ max: 1 })
    const claim = claimOf()
    const first = request({ limits: [limit], claim })
    await state.admit(first)
    await tested.front.raw(['FLUSHALL'])
    const copy = request({ limits: [limit], claim: claimOf({ route: claim.route, key: claim.key }) })
    expect((await state.admit(copy)).outcome).toBe('admitted')
    expect(await state.settle({ claim, token: first.token, as: 'commit' })).toBe(false)
    await state.giveBack(copy)
    expect(await state.admit(request({ claim }))).toMatchObject({
      outcome: 'done',
      duplicateOf: claim.requestId,
    })
  })
})

describe('clocks', () => {
  test('an isolate that is an hour off counts in the same window as all others', async () => {
    const state = tested.isolate()
    const limit = limitOf({ max: 3, algorithm: 'fixedWindow', windowMs: HOUR })
    const outcomes = []
    for (const offMs of [0, HOUR, -HOUR, 0]) {
      outcomes.push((await state.admit(request({ limits: [limit], now: Date.now() + offMs }))).outcome)
    }
    expect(outcomes).toEqual(['admitted', 'admitted', 'admitted', 'limited'])
  })

  test.each([HOUR, -HOUR])(
    'a step of the server by %i ms denies nobody for longer than a window',
    async (step) => {
      const state = tested.isolate()
      try {
        for (const algorithm of ['slidingWindow', 'fixedWindow', 'tokenBucket'] as const) {
          const limit = limitOf({ algorithm, max: 2, windowMs: 10_000, refill: 2 })
          const outcome = async () => (await state.admit(request({ limits: [limit] }))).outcome
          shiftMs = 0
          expect([algorithm, await outcome(), await outcome(), await outcome()]).toEqual([
            algorithm,
            'admitted',
            'admitted',
            'limited',
          ])
          shiftMs = step
          // At most one window's worth more, and then it counts on.
          const after = [await outcome(), await outcome(), await outcome(), await outcome(), await outcome()]
          expect(after.filter((each) => each === 'admitted').length).toBeLessThanOrEqual(2)
          shiftMs = step + 20_001
          expect(await outcome()).toBe('admitted')
        }
      } finally {
        shiftMs = 0
      }
    },
  )

  test('a lease ends early when the server steps forward, and late when it steps back', async () => {
    const state = tested.isolate()
    try {
      const claim = claimOf({ leaseMs: 45_000 })
      await state.admit(request({ claim }))
      shiftMs = -HOUR
      expect((await state.admit(request({ claim }))).outcome).toBe('leased')
      shiftMs = HOUR
      expect((await state.admit(request({ claim }))).outcome).toBe('admitted')
    } finally {
      shiftMs = 0
    }
  })
})

describe('a restart in mid-flight', () => {
  test('ends what was under way with an error, and the next request is normal', async () => {
    const state = tested.isolate()
    const limit = limitOf({ max: 100 })
    const before = request({ limits: [limit], claim: claimOf() })
    await state.admit(before)
    tested.redis.pause()
    const underWay = Array.from({ length: 40 }, () =>
      state.admit(request({ limits: [limit], signal: AbortSignal.timeout(400) })),
    )
    const endings = await Promise.allSettled(underWay)
    expect(endings.every(({ status }) => status === 'rejected')).toBe(true)
    await tested.redis.kill()
    const start = performance.now()
    await expect(state.admit(request({ limits: [limit] }))).rejects.toThrow('failed')
    expect(performance.now() - start).toBeLessThan(1000)
    await tested.redis.restart()
    expect((await state.admit(request({ limits: [limit] }))).outcome).toBe('admitted')
    const { claim = claimOf(), token } = before
    expect(await state.settle({ claim, token, as: 'commit' })).toBe(true)
  })
})

describe('deployments', () => {
  test('on one database share neither counts nor claims nor blocks', async () => {
    const [staging, production] = ['staging', 'production'].map((name) =>
      tested.isolate({}, { STATE_NAMESPACE: name }),
    )
    const claim = claimOf()
    const limit = limitOf({ max: 1 })
    const ask = () => request({ limits: [limit], claim, client: '192.0.2.9' })
    expect((await staging?.admit(ask()))?.outcome).toBe('admitted')
    expect((await production?.admit(ask()))?.outcome).toBe('admitted')
    await tested.operations().block('192.0.2.9', Date.now() + HOUR)
    expect((await production?.admit(ask()))?.outcome).toBe('limited')
  })

  test.each([
    [{ UPSTASH_REDIS_REST_URL: undefined }, /UPSTASH_REDIS_REST_URL is missing/],
    [{ UPSTASH_REDIS_REST_URL: 'db.example.com' }, /UPSTASH_REDIS_REST_URL is missing or no URL/],
    [{ UPSTASH_REDIS_REST_URL: 'http://db.example.com' }, /must be https/],
    [{ UPSTASH_REDIS_REST_URL: 'https://user:secret@db.example.com' }, /missing or no URL/],
    [{ UPSTASH_REDIS_REST_TOKEN: undefined }, /secret UPSTASH_REDIS_REST_TOKEN is missing/],
    [{ UPSTASH_REDIS_REST_TOKEN: 'two words' }, /UPSTASH_REDIS_REST_TOKEN is missing or malformed/],
    [{ STATE_NAMESPACE: undefined }, /STATE_NAMESPACE is missing/],
    [{ STATE_NAMESPACE: 'Prod:1' }, /STATE_NAMESPACE is missing or malformed/],
  ])('%o is refused when the isolate starts, and no value is quoted', (more, message) => {
    const make = () => tested.isolate({}, more)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
    for (const value of Object.values(more)) {
      if (value !== undefined) expect(make).not.toThrow(value)
    }
  })
})

describe('operations', () => {
  test('forget what was done since a moment, over pages of a large database, and no lease', async () => {
    const state = tested.isolate()
    const route = 'since'
    const many = Array.from({ length: 2500 }, (_, i) => ['SET', `other:${i}`, '1'])
    for (const command of many) void tested.front.raw(command)
    const claims = Array.from({ length: 30 }, () => claimOf({ route }))
    const other = claimOf({ route: 'since-other' })
    for (const claim of [...claims, other]) {
      const asked = request({ claim })
      await state.admit(asked)
      await state.settle({ claim, token: asked.token, as: 'commit' })
    }
    const leased = claimOf({ route })
    await state.admit(request({ claim: leased }))
    expect(await tested.operations().forgetSince(route, Date.now() + 1000)).toBe(0)
    expect(await tested.operations().forgetSince(route, Date.now() - 60_000)).toBe(30)
    const outcome = async (claim: typeof other) => (await state.admit(request({ claim }))).outcome
    expect(await Promise.all(claims.map(outcome))).toEqual(claims.map(() => 'admitted'))
    expect([await outcome(other), await outcome(leased)]).toEqual(['done', 'leased'])
    expect(await tested.operations().forget(other.route, other.key)).toBe(true)
    expect(await tested.operations().forget(other.route, other.key)).toBe(false)
  })

  test('refuse what cannot be a client or a moment', async () => {
    const operations = tested.operations()
    await expect(operations.block('', Date.now() + HOUR)).rejects.toThrow(/1 to 1024/)
    await expect(operations.block('x'.repeat(1025), Date.now() + HOUR)).rejects.toThrow(/1 to 1024/)
    await expect(operations.revoke('x', Date.now() - 1)).rejects.toThrow(/moment to come/)
    await expect(operations.revoke('x', Number.NaN)).rejects.toThrow(/moment to come/)
    expect(await operations.unblock('nobody')).toBe(false)
    await operations.revoke('somebody', Date.now() + HOUR)
    expect(await operations.restore('somebody')).toBe(true)
  })
})
