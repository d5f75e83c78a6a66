import { Redis } from '@upstash/redis'
import { type RedisFront, startRedisFront } from '../../src/dev/redis/front.ts'
import { type RedisOptions, type RedisProcess, startRedis } from '../../src/dev/redis/server.ts'

export const TOKEN = 'the-token-of-the-tests'

export interface UnderTest {
  redis: RedisProcess
  front: RedisFront
  /** One attempt a request, as the gateway has it. */
  client(changes?: ClientChanges): Redis
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answered>
  stop(): Promise<void>
}

export interface ClientChanges {
  token?: string
  responseEncoding?: false | 'base64'
  enableAutoPipelining?: boolean
}

export interface Answered {
  status: number
  body: unknown
}

export async function startUnderTest(options: RedisOptions = {}): Promise<UnderTest> {
  const redis = await startRedis(options)
  const front = await startRedisFront({ socketPath: redis.socketPath, token: TOKEN })
  return {
    redis,
    front,
    client: (changes = {}) =>
      new Redis({ url: front.url, token: TOKEN, retry: { retries: 0 }, enableTelemetry: false, ...changes }),
    async post(path, body, headers = { authorization: `Bearer ${TOKEN}` }) {
      const response = await fetch(`${front.url}${path}`, {
        method: 'POST',
        headers,
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
      return { status: response.status, body: await response.json() }
    },
    async stop() {
      await front.close()
      await redis.stop()
    },
  }
}

/** What a promise rejects with; fails where it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const value = await promise.catch((error: unknown) => {
    if (error instanceof Error) return error
    throw error
  })
  if (value instanceof Error) return value
  throw new Error(`it did not fail, but gave ${JSON.stringify(value)}`)
}
