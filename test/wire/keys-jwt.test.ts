import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { headerOf, makeSigner, type Signer, signToken } from '../unit/credentials/jwt/signer.ts'
import { type Issuer, type Mode, startIssuer } from '../unit/keys/issuer.ts'
import { one, problem, startGateway, type TestGateway } from './harness/gateway.ts'
import type { RawAnswer } from './harness/raw.ts'
import { askMeanwhile, flood, medianMs, SECOND, tooSlowMs, until, whileItHangs } from './keys/rig.ts'

const COUNT = 2000
const WINDOW_MS = 30_000
const pause = (ms: number) => new Promise((resume) => setTimeout(resume, ms))
const SEAL_KEY = 'seal-key-canary-6a0b-0123456789abcdef'
const entry = 'test/wire/workers/keys-jwt.ts'
/** A machine that stalls may let a fetch outlast a request's patience; a gateway that does wrong fails each time. */
const stalls = { retry: 2 }

const first = makeSigner('ES256', 'first')
const second = makeSigner('ES256', 'second')
const stranger = makeSigner('ES256', 'first')

let issuer: Issuer
/** With a SEAL_KEY, over a Redis of its own. */
let gateway: TestGateway
beforeAll(async () => {
  issuer = await startIssuer()
  gateway = await startGateway({ entry, state: 'upstash', bindings: { ISSUER: issuer.url, SEAL_KEY } })
})
afterAll(async () => {
  await gateway?.close()
  await issuer?.close()
})
beforeEach(async () => {
  issuer.mode = 'ok'
  issuer.keys = [first.jwk]
  issuer.requests = []
  await gateway.front.raw(['FLUSHALL'])
  await gateway.workerd.restart()
  gateway.origin.clear()
  gateway.front.calls.length = 0
})

let serial = 0
/** An access token of the form of RFC 9068, no two alike. */
function tokenOf(signer: Signer, kid = signer.kid): string {
  const now = Math.floor(Date.now() / 1000)
  return signToken(signer, headerOf(signer, { kid }), {
    iss: issuer.url,
    aud: 'orders-api',
    sub: 'somebody',
    client_id: 'app-1',
    jti: `jti-${++serial}`,
    iat: now - 10,
    exp: now + 3600,
    scope: 'orders:read',
  })
}

const ask = (token: string, at = gateway): Promise<RawAnswer> =>
  at.call({ target: '/one', headers: [['Authorization', `Bearer ${token}`]] })
const statusOf = async (token: string) => (await ask(token)).status

/** The key sets that the gateway has kept in Redis, the latest last. */
const kept = () =>
  gateway.front.calls
    .flatMap(({ commands }) => commands)
    .filter(([name, , text]) => name?.toLowerCase() === 'set' && text?.includes('key set v1'))

/** Waits until shared state holds a set with the key. */
async function untilKept({ jwk }: Signer): Promise<void> {
  await until(() => kept().at(-1)?.[2]?.includes(String(jwk.x)) === true)
  const [, name = '', text = ''] = kept().at(-1) ?? []
  await expect.poll(() => gateway.front.raw(['GET', name])).toBe(text)
}

describe('a flood of 2,000 tokens of a stranger, each under another unknown key', { timeout: 60_000 }, () => {
  it.each<[Mode, string]>([
    ['ok', 'healthy'],
    ['silent', 'silent until the flood is over'],
    ['dead', 'dead'],
  ])('costs an issuer that is %s one fetch a window, and good tokens nothing', async (mode) => {
    const flooders = Array.from({ length: COUNT }, (_, i) => tokenOf(stranger, `unknown-${i}`))
    const remembered = tokenOf(first)
    expect(await statusOf(remembered)).toBe(200)
    // Every other one is new to the gateway, and so needs the key itself.
    let turn = 0
    const askGood = () => ask(turn++ % 2 ? remembered : tokenOf(first))
    const { port } = gateway.workerd
    const flooder = (i: number) => flooders[i] ?? ''
    // What hangs leaves the machine free; else the flood takes its share, with a fetch and without.
    const alike = mode === 'silent' ? pause(500) : flood(port, 400, flooder)
    const before = await askMeanwhile(askGood, alike)
    gateway.origin.clear()
    issuer.requests = []
    issuer.mode = mode
    await gateway.door('/', 31 * SECOND)
    const began = performance.now()
    const flooding = flood(port, COUNT, flooder)
    const [statuses, good, askedAt] = await Promise.all([
      flooding,
      askMeanwhile(askGood, flooding),
      until(() => issuer.requests.length > 0).then(() => performance.now()),
    ])
    // One window, and those that a slow machine took beyond it.
    const windows = 1 + Math.floor((performance.now() - began) / WINDOW_MS)
    expect(issuer.requests.length).toBeLessThanOrEqual(windows)
    // 503 while the issuer is being asked for their keys, and 401 once it has none.
    const { 401: none = 0, 503: asking = 0, ...others } = statuses
    expect([none + asking, others]).toEqual([COUNT, {}])
    expect(none).toBeGreaterThan(asking)
    if (mode === 'silent') expect(asking).toBeGreaterThan(0)
    expect(new Set([...before, ...good].map(({ status }) => status))).toEqual(new Set([200]))
    expect(gateway.origin.requests.length).toBe(good.length)
    // With a silent issuer they are answered while the one fetch hangs.
    const counted = mode === 'silent' ? whileItHangs(good, askedAt) : good
    expect(counted.length).toBeGreaterThan(10)
    expect(medianMs(counted)).toBeLessThan(tooSlowMs(before))
    issuer.release()
  })
})

describe('an isolate that has nothing, while the issuer is dead', () => {
  it('takes the keys out of shared state, and what they have not signed is refused', stalls, async () => {
    const token = tokenOf(first)
    expect(await statusOf(token)).toBe(200)
    await untilKept(first)
    issuer.mode = 'dead'
    await gateway.workerd.restart()
    gateway.origin.clear()
    expect(await statusOf(token)).toBe(200)
    expect(await statusOf(tokenOf(first))).toBe(200)
    expect(gateway.origin.requests.length).toBe(2)
    expect(await statusOf(tokenOf(stranger))).toBe(401)
    expect(gateway.origin.requests.length).toBe(2)
  })

  it.each<[string, Record<string, string>]>([
    ['no SEAL_KEY', {}],
    ['another SEAL_KEY', { SEAL_KEY: 'another-seal-key-canary-0123456789abcdef' }],
  ])('answers 503 with %s, although the same Redis holds the keys', stalls, async (_, seal) => {
    expect(await statusOf(tokenOf(first))).toBe(200)
    await untilKept(first)
    const holds = kept().length
    const other = await startGateway({
      entry,
      bindings: {
        ISSUER: issuer.url,
        STATE: 'upstash',
        STATE_NAMESPACE: 'wire',
        UPSTASH_REDIS_REST_URL: gateway.front.url,
        UPSTASH_REDIS_REST_TOKEN: 'redis-token-canary-3e8c',
        ...seal,
      },
    })
    try {
      const token = tokenOf(first)
      if (seal.SEAL_KEY === undefined) {
        expect((await ask(token, other)).status).toBe(200)
        // Nothing of what it has fetched is written without a seal.
        await pause(300)
        expect(kept().length).toBe(holds)
        await other.workerd.restart()
        other.origin.clear()
      }
      issuer.mode = 'dead'
      const answer = await ask(token, other)
      expect([answer.status, problem(answer).code]).toEqual([503, 'issuer_unavailable'])
      expect(Number(one(answer, 'retry-after'))).toBeGreaterThan(0)
      expect(one(answer, 'www-authenticate')).toBeUndefined()
      expect(other.origin.requests).toEqual([])
    } finally {
      await other.close()
    }
  })
})

describe('an issuer that changes its keys', () => {
  it(
    'has its new key taken with the first token of it, and its removed one refused from then on',
    stalls,
    async () => {
      const old = tokenOf(first)
      expect([await statusOf(old), await statusOf(old)]).toEqual([200, 200])
      await untilKept(first)
      issuer.keys = [second.jwk]
      const before = issuer.fetches
      expect(await statusOf(tokenOf(second))).toBe(200)
      gateway.origin.clear()
      // The one was remembered as verified, the other is new.
      expect([await statusOf(old), await statusOf(tokenOf(first))]).toEqual([401, 401])
      expect(gateway.origin.requests).toEqual([])
      expect(await statusOf(tokenOf(second))).toBe(200)
      expect(issuer.fetches).toBe(before + 1)

      // And in the next isolate, which has them out of shared state alone.
      await untilKept(second)
      issuer.mode = 'dead'
      await gateway.workerd.restart()
      expect(await statusOf(tokenOf(second))).toBe(200)
      expect(await statusOf(old)).toBe(401)
    },
  )
})
