import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DecisionEvent } from 'sallyport'
import { type RedisFront, startRedisFront } from '../../../src/dev/redis/front.ts'
import { type RedisProcess, startRedis } from '../../../src/dev/redis/server.ts'
import { type Origin, startOrigin } from './origin.ts'
import { type RawAnswer, request, send } from './raw.ts'
import { startWorkerd, type Workerd } from './workerd.ts'

export const HOST = 'gw.test'

/** Secrets of the tests: each is unlike any other text, so that a leak can be searched for. */
export const secrets = {
  GITHUB_WEBHOOK_SECRET: 'github-secret-canary-5b1f',
  STRIPE_WEBHOOK_SECRET: 'whsec_stripe-secret-canary-77d0',
  SLACK_SIGNING_SECRET: 'slack-secret-canary-913c',
  SHOPIFY_WEBHOOK_SECRET: 'shopify-secret-canary-20ea',
  STANDARD_WEBHOOK_SECRET: `whsec_${Buffer.from('standard-secret-canary-4c4c-xxxx').toString('base64')}`,
  PROOF_KEY: `test:hmac-sha256:${Buffer.from('proof-key-canary-0f0f-0123456789abcdef').toString('base64')}`,
  RECORD_KEY: 'record-key-canary-6d6d',
}

export interface TestGateway {
  workerd: Workerd
  origin: Origin
  /** The database behind `state: 'upstash'`, and its REST front; asking throws for another state. */
  readonly redis: RedisProcess
  readonly front: RedisFront
  /** Sends one request with Host and a body; everything else as given. */
  call(parts: Partial<Parameters<typeof request>[0]> & { host?: string }): Promise<RawAnswer>
  /** Sends a signed delivery. */
  deliver(
    path: string,
    signed: { headers: Record<string, string>; body: string },
    headers?: [string, string][],
  ): Promise<RawAnswer>
  /** The one record of an answer. */
  recordOf(answer: RawAnswer, timeoutMs?: number): Promise<DecisionEvent>
  /** Calls the test's own door of the Worker. */
  door<T>(path: string, body?: unknown): Promise<T>
  close(): Promise<void>
}

export interface TestGatewayOptions {
  entry?: string
  bindings?: Record<string, string>
  /** Durable Objects on disk, or Upstash's protocol over a redis-server of its own. @default 'durable-object' */
  state?: 'durable-object' | 'upstash'
}

const REDIS_TOKEN = 'redis-token-canary-3e8c'

/** The gateway on bare workerd, before a raw recording origin. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { state = 'durable-object' } = options
  const storage = await mkdtemp(join(tmpdir(), 'sallyport-'))
  const origin = await startOrigin()
  const redis = state === 'upstash' ? await startRedis({ persist: true }) : undefined
  const front = redis && (await startRedisFront({ socketPath: redis.socketPath, token: REDIS_TOKEN }))
  const workerd = await startWorkerd({
    entry: options.entry ?? 'test/wire/workers/gateway.ts',
    bindings: {
      ORIGIN_URL: origin.url,
      PUBLIC_HOSTS: HOST,
      TRUST: 'direct',
      STATE: state,
      ...(front && {
        STATE_NAMESPACE: 'wire',
        UPSTASH_REDIS_REST_URL: front.url,
        UPSTASH_REDIS_REST_TOKEN: REDIS_TOKEN,
      }),
      ...secrets,
      ...options.bindings,
    },
    durableObjects: [{ binding: 'SALLYPORT_STATE', className: 'SallyportState', uniqueKey: 'sallyport' }],
    storage,
  })
  const call: TestGateway['call'] = ({ host = HOST, method = 'GET', target = '/', headers = [], ...rest }) =>
    send(workerd.port, request({ method, target, headers: [['Host', host], ...headers], ...rest }))
  return {
    workerd,
    origin,
    get redis() {
      if (!redis) throw new Error("this gateway was not started with state: 'upstash'")
      return redis
    },
    get front() {
      if (!front) throw new Error("this gateway was not started with state: 'upstash'")
      return front
    },
    call,
    deliver: (path, signed, headers = []) =>
      call({
        method: 'POST',
        target: path,
        headers: [...Object.entries(signed.headers), ...headers],
        body: signed.body,
      }),
    async recordOf(answer, timeoutMs = 15_000) {
      const id = answer.headers.get('sallyport-id')?.[0]
      if (id === undefined) throw new Error(`the answer has no sallyport-id: ${answer.head}`)
      const line = await workerd.waitForLine(
        (text) => text.startsWith('{"schema"') && text.includes(`"id":"${id}"`),
        timeoutMs,
      )
      return JSON.parse(line) as DecisionEvent
    },
    async door(path, body) {
      const answer = await call({
        host: 'door.test',
        method: body === undefined ? 'GET' : 'POST',
        target: path,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return JSON.parse(answer.text)
    },
    async close() {
      await workerd.kill()
      await origin.close()
      await front?.close()
      await redis?.stop()
      await rm(storage, { recursive: true, force: true })
    },
  }
}

/** The value of a header that came once. */
export const one = (answer: RawAnswer, name: string): string | undefined => {
  const values = answer.headers.get(name)
  return values?.length === 1 ? values[0] : undefined
}

/** The problem document of a refusal. */
export const problem = (
  answer: RawAnswer,
): { code: string; status: number; errors?: { pointer: string; detail: string }[] } => JSON.parse(answer.text)
