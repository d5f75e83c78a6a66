import { Ratelimit } from '@upstash/ratelimit'
import type { Redis } from '@upstash/redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startUnderTest, type UnderTest } from './front-under-test.ts'

let under: UnderTest
beforeAll(async () => {
  under = await startUnderTest()
})
afterAll(() => under.stop())

const limiter = (redis: Redis, algorithm: ReturnType<typeof Ratelimit.slidingWindow>, prefix: string) =>
  new Ratelimit({ redis, limiter: algorithm, prefix, ephemeralCache: false, timeout: 0, analytics: false })

// So long that no window ends during a test, which would let more through.
const ALGORITHMS = {
  slidingWindow: () => Ratelimit.slidingWindow(5, '30 d'),
  fixedWindow: () => Ratelimit.fixedWindow(5, '30 d'),
  tokenBucket: () => Ratelimit.tokenBucket(5, '30 d', 5),
}

describe.each(Object.entries(ALGORITHMS))('the stock %s', (name, algorithm) => {
  it.each([false, 'base64'] as const)(
    'lets 5 pass and refuses the rest (encoding %s)',
    async (responseEncoding) => {
      const limit = limiter(under.client({ responseEncoding }), algorithm(), `${name}:${responseEncoding}`)
      const remaining: number[] = []
      const passed: boolean[] = []
      for (let call = 0; call < 8; call++) {
        const answer = await limit.limit('somebody')
        passed.push(answer.success)
        remaining.push(Math.max(0, answer.remaining))
        expect(answer.limit).toBe(5)
      }
      expect(passed).toEqual([true, true, true, true, true, false, false, false])
      expect(remaining).toEqual([4, 3, 2, 1, 0, 0, 0, 0])
      expect((await limit.limit('somebody else')).success).toBe(true)
      expect((await limit.getRemaining('somebody')).remaining).toBe(0)
    },
  )

  it('lets 5 of 40 at once pass, from two clients', async () => {
    const limits = [under.client(), under.client({ enableAutoPipelining: false })].map((redis) =>
      limiter(redis, algorithm(), `${name}:parallel`),
    )
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => limits[index % 2]?.limit('somebody')),
    )
    expect(answers.filter((answer) => answer?.success)).toHaveLength(5)
  })

  it('forgets when it is told to', async () => {
    const limit = limiter(under.client(), algorithm(), `${name}:forget`)
    for (let call = 0; call < 6; call++) await limit.limit('somebody')
    await limit.resetUsedTokens('somebody')
    expect((await limit.limit('somebody')).success).toBe(true)
  })
})

it('bills a warm sliding window as four commands in one request', async () => {
  const limit = limiter(under.client(), Ratelimit.slidingWindow(5, '30 d'), 'billed')
  await limit.limit('somebody')
  const before = under.front.calls.length
  const monitor = await under.front.monitor()
  await limit.limit('somebody')
  await monitor.stop()
  expect(monitor.lines.map(({ command }) => command[0]?.toUpperCase())).toEqual([
    'EVALSHA',
    'GET',
    'GET',
    'INCRBY',
  ])
  expect(under.front.calls).toHaveLength(before + 1)
})
