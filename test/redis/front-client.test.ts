import { Redis as CloudflareRedis } from '@upstash/redis/cloudflare'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { failureOf, startUnderTest, TOKEN, type UnderTest } from './front-under-test.ts'

let under: UnderTest
beforeAll(async () => {
  under = await startUnderTest()
})
afterEach(async () => {
  under.front.calls.length = 0
  await under.front.raw(['FLUSHALL'])
})
afterAll(() => under.stop())

const VALUES: readonly [name: string, value: string][] = [
  ['unicode', 'Grüße, 世界 🦊 \u0000\u001f\u2028'],
  ['text that is base64 itself', 'YWJjZA=='],
  ['quotes and backslashes', '"\\\\\n\r\t'],
  ['OK', 'OK'],
  ['a lone NUL', '\u0000'],
  ['a long text', 'é'.repeat(100_000)],
]

describe.each([
  { responseEncoding: 'base64', enableAutoPipelining: true },
  { responseEncoding: 'base64', enableAutoPipelining: false },
  { responseEncoding: false, enableAutoPipelining: true },
  { responseEncoding: false, enableAutoPipelining: false },
] as const)('the client with %o', (changes) => {
  it.each(VALUES)('gets back %s', async (_, value) => {
    const redis = under.client(changes)
    expect(await redis.set('key', value)).toBe('OK')
    expect(await redis.get('key')).toBe(value)
    await redis.rpush('list', value, 'b')
    expect(await redis.lrange('list', 0, -1)).toEqual([value, 'b'])
    expect(await redis.eval('return {ARGV[1], {ARGV[1], {ARGV[1]}}}', [], [value])).toEqual([
      value,
      [value, [value]],
    ])
  })

  it('makes numbers of what looks like numbers, as the client always does, and keeps the rest as text', async () => {
    const redis = under.client(changes)
    await redis.mset({ a: '12', b: '012', c: '12345678901234567890', d: '1e3', e: 'true' })
    expect(await redis.mget('a', 'b', 'c', 'd', 'e', 'none')).toEqual([
      12,
      '012',
      '12345678901234567890',
      '1e3',
      true,
      null,
    ])
  })

  it('gets null, integers, hashes and status lines', async () => {
    const redis = under.client(changes)
    expect(await redis.get('none')).toBeNull()
    expect(await redis.incrby('n', 41)).toBe(41)
    expect(await redis.hset('h', { x: 'one', y: 'two' })).toBe(2)
    expect(await redis.hgetall('h')).toEqual({ x: 'one', y: 'two' })
    expect(await redis.ping()).toBe('PONG')
    expect(await redis.set('n', 'x', { nx: true })).toBeNull()
  })

  it('runs a pipeline in order, with each error by itself', async () => {
    const redis = under.client(changes)
    const results = await redis.pipeline().set('a', 'x').incr('a').get('a').exec({ keepErrors: true })
    expect(results).toMatchObject([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { result: 'x' },
    ])
  })

  it('runs a transaction, and runs nothing of one that Redis does not take', async () => {
    const redis = under.client(changes)
    expect(await redis.multi().set('a', 1).incr('a').exec()).toEqual(['OK', 2])
    const error = await failureOf(redis.multi().set('b', 1).mget([]).exec())
    expect(error.message).toContain('EXECABORT')
    expect(await redis.exists('b')).toBe(0)
  })

  it('throws with the text of Redis', async () => {
    const redis = under.client(changes)
    await redis.set('a', 'x')
    const error = await failureOf(redis.lpush('a', '1'))
    expect(error.message).toContain('WRONGTYPE Operation against a key holding the wrong kind of value')
  })

  it('throws WRONGPASS for a wrong token on each path', async () => {
    const redis = under.client({ ...changes, token: 'wrong' })
    const failures = await Promise.all([
      failureOf(redis.set('a', 1)),
      failureOf(redis.pipeline().set('a', 1).exec()),
      failureOf(redis.multi().set('a', 1).exec()),
      failureOf(redis.eval('return redis.call("SET", KEYS[1], 1)', ['a'], [])),
    ])
    for (const { name, message } of failures) {
      expect([name, message]).toEqual([
        'UpstashError',
        expect.stringContaining('WRONGPASS invalid or missing'),
      ])
    }
    expect(new Set(under.front.calls.map(({ path }) => path))).toEqual(
      new Set([changes.enableAutoPipelining ? '/pipeline' : '/', '/pipeline', '/multi-exec']),
    )
    expect(under.front.calls.every(({ authorized }) => !authorized)).toBe(true)
    expect(await under.front.raw(['DBSIZE'])).toBe(0)
  })
})

describe('requests', () => {
  it('puts commands of one turn into one pipeline, and only then', async () => {
    const redis = under.client()
    await Promise.all([redis.set('a', 1), redis.incr('b'), redis.eval('return 1', [], [])])
    expect(under.front.calls.map(({ path, commands }) => [path, commands.length])).toEqual([['/pipeline', 3]])
    under.front.calls.length = 0
    const apart = under.client({ enableAutoPipelining: false })
    await Promise.all([apart.set('a', 1), apart.incr('b')])
    expect(under.front.calls.map(({ path }) => path)).toEqual(['/', '/'])
  })

  it('never lets another request into a transaction', async () => {
    const redis = under.client({ enableAutoPipelining: false })
    const transactions = Array.from({ length: 20 }, (_, index) =>
      redis.multi().set('a', index).get<number>('a').incr('a').get<number>('a').exec(),
    )
    const writes = Array.from({ length: 20 }, () => redis.set('a', 1000))
    const results = await Promise.all(transactions)
    await Promise.all(writes)
    expect(results).toEqual(Array.from({ length: 20 }, (_, index) => ['OK', index, index + 1, index + 1]))
  })

  it('answers 400 requests at once, each with its own reply', async () => {
    const redis = under.client({ enableAutoPipelining: false })
    const values = Array.from({ length: 400 }, (_, index) => `value ${index}`)
    expect(await Promise.all(values.map((value) => redis.echo(value)))).toEqual(values)
  })

  it('serves the entry for Workers alike', async () => {
    const redis = new CloudflareRedis({ url: under.front.url, token: TOKEN, retry: { retries: 0 } })
    await redis.set('a', 'välue')
    expect(await redis.mget('a', 'none')).toEqual(['välue', null])
  })
})
