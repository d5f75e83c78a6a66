import { afterAll, beforeAll } from 'vitest'
import { type RedisFront, startRedisFront } from '../../src/dev/redis/front.ts'
import { type RedisOptions, type RedisProcess, startRedis } from '../../src/dev/redis/server.ts'
import type { AdmitRequest, State } from '../../src/state/state.ts'
import { upstashOperations, upstashState } from '../../src/state/upstash/index.ts'

export const TOKEN = 'a-token-of-the-tests'

/** A redis-server with its REST front, both for one test file. */
export interface TestRedis {
  redis: RedisProcess
  front: RedisFront
  /** The bindings of a Worker that uses them. */
  bindings: Record<string, unknown>
  /** An isolate that has just started. */
  isolate(options?: Parameters<typeof upstashState>[0], more?: Record<string, unknown>): State
  operations(): ReturnType<typeof upstashOperations>
}

/** Starts both before the tests of a file and ends them after. */
export function useRedis(
  options: { redis?: RedisOptions; rewriteScript?: (source: string) => string } = {},
): TestRedis {
  const parts: Partial<Pick<TestRedis, 'redis' | 'front'>> = {}
  const started = <Name extends 'redis' | 'front'>(name: Name): TestRedis[Name] => {
    const part = parts[name]
    if (part === undefined) throw new Error(`${name} has not started`)
    return part as TestRedis[Name]
  }
  beforeAll(async () => {
    parts.redis = await startRedis(options.redis)
    parts.front = await startRedisFront({
      socketPath: parts.redis.socketPath,
      token: TOKEN,
      ...(options.rewriteScript && { rewriteScript: options.rewriteScript }),
    })
  })
  afterAll(async () => {
    await parts.front?.close()
    await parts.redis?.stop()
  })
  const bindings = () => ({
    UPSTASH_REDIS_REST_URL: started('front').url,
    UPSTASH_REDIS_REST_TOKEN: TOKEN,
    STATE_NAMESPACE: 'tests',
  })
  return {
    get redis() {
      return started('redis')
    },
    get front() {
      return started('front')
    },
    get bindings() {
      return bindings()
    },
    isolate: (how = {}, more = {}) => upstashState(how)({ ...bindings(), ...more }),
    operations: () => upstashOperations(bindings()),
  }
}

/** Its deadline is far beyond what a stalled machine takes; tests of deadlines bring their own. */
export const request = (parts: Partial<AdmitRequest> = {}): AdmitRequest => ({
  token: crypto.randomUUID(),
  now: Date.now(),
  limits: [],
  signal: AbortSignal.timeout(10_000),
  ...parts,
})

/** A script in which a clock of the test's stands in the place of the server's. */
export function withClock(source: string, now: number): string {
  const time = `{ '${Math.floor(now / 1000)}', '${(now % 1000) * 1000}' }`
  return source.replaceAll("redis.call('TIME')", time)
}
