import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Mode } from '../unit/keys/issuer.ts'
import { one, problem } from './harness/gateway.ts'
import { openSocket, type RawAnswer } from './harness/raw.ts'
import {
  HOUR,
  type KeysRig,
  MINUTE,
  newSigner,
  SECOND,
  type Signer,
  startRig,
  unknownToken,
  until,
} from './keys/rig.ts'

let rig: KeysRig
let first: Signer
let second: Signer
beforeAll(async () => {
  rig = await startRig()
  first = await newSigner('first')
  second = await newSigner('second')
})
afterAll(() => rig?.close())
beforeEach(async () => {
  await rig.coldStart()
  rig.stored.clear()
  rig.gateway.origin.clear()
  rig.issuer.mode = 'ok'
  rig.issuer.headers = {}
  rig.issuer.keys = [first.jwk]
  rig.issuer.requests = []
})

const statusOf = async (token: string, path?: string) => (await rig.ask(token, path)).status

/** Asks until the answer is as it should be: on a machine that stalls a fetch may outlast a request's patience. */
async function eventually(token: string, status: number): Promise<RawAnswer> {
  for (let tries = 1; ; tries++) {
    const answer = await rig.ask(token)
    if (answer.status === status || tries === 10) {
      expect(answer.status).toBe(status)
      return answer
    }
    await rig.pass(SECOND)
  }
}

/** Never 401, never let through. */
function expectUnavailable(answer: RawAnswer): void {
  expect(answer.status).toBe(503)
  expect(problem(answer)).toMatchObject({ code: 'issuer_unavailable' })
  expect(Number(one(answer, 'retry-after'))).toBeGreaterThan(0)
  expect(one(answer, 'www-authenticate')).toBeUndefined()
  expect(rig.gateway.origin.requests).toEqual([])
}

describe('an isolate that has nothing', () => {
  it('makes one fetch for a hundred requests at once, on two routes', async () => {
    rig.issuer.mode = 'silent'
    const token = await first.token()
    const asked = Array.from({ length: 100 }, (_, i) => rig.ask(token, i % 2 ? '/one' : '/two'))
    await until(() => rig.issuer.fetches > 0)
    rig.issuer.release()
    for (const { status } of await Promise.all(asked)) expect(status).toBe(200)
    expect(rig.issuer.fetches).toBe(1)
  })

  it('fetches to the end although the client that asked has hung up', async () => {
    rig.issuer.mode = 'silent'
    const token = await first.token()
    const socket = await openSocket(rig.gateway.workerd.port)
    socket.write(`GET /one HTTP/1.1\r\nHost: gw.test\r\nAuthorization: Bearer ${token}\r\n\r\n`)
    await until(() => rig.issuer.fetches === 1)
    socket.reset()
    await new Promise((resume) => setTimeout(resume, 200))
    rig.issuer.release()
    expect(await statusOf(token)).toBe(200)
    expect(rig.issuer.fetches).toBe(1)
  })

  it.each<Mode>(['dead', 'error', 'redirect', 'html', 'empty', 'huge', 'bomb', 'many'])(
    'answers 503 while the issuer is %s, and is well again with it',
    async (mode) => {
      rig.issuer.mode = mode
      const token = await first.token()
      expectUnavailable(await rig.ask(token))
      expectUnavailable(await rig.ask(await second.token()))
      expect(rig.issuer.requests.map(({ path }) => path)).toEqual(['/jwks.json'])
      rig.issuer.mode = 'ok'
      await rig.pass(2 * SECOND)
      expect(await statusOf(token)).toBe(200)
    },
  )

  it('ends a key set that drips after 5 s', async () => {
    rig.issuer.mode = 'drip'
    const answer = await rig.ask(await first.token())
    expectUnavailable(answer)
    rig.issuer.mode = 'ok'
    await until(() => rig.issuer.fetches === 1)
    await rig.pass(10 * SECOND)
    expect(await statusOf(await first.token())).toBe(200)
  })

  it('is served the last good set where the issuer is dead, for a day and no longer', async () => {
    const token = await first.token()
    expect(await statusOf(token)).toBe(200)
    await until(() => rig.stored.size === 1)
    rig.issuer.mode = 'dead'
    await rig.coldStart()
    await rig.pass(23 * HOUR)
    const answer = await eventually(token, 200)
    expect((await rig.gateway.recordOf(answer)).reported).toEqual([
      { stage: 'authenticate', code: 'issuer_unavailable', reason: 'the keys are stale', measure: null },
    ])
    expect(await statusOf(await second.token())).toBe(401)
    rig.gateway.origin.clear()
    await rig.coldStart()
    await rig.pass(25 * HOUR)
    expectUnavailable(await rig.ask(token))
  })

  it('takes no removed key out of an old set while a slow issuer may still answer', {
    retry: 2,
  }, async () => {
    const token = await first.token()
    expect(await statusOf(token)).toBe(200)
    await until(() => rig.stored.size === 1)
    rig.issuer.keys = [second.jwk]
    rig.issuer.mode = 'silent'
    rig.gateway.origin.clear()
    await rig.coldStart()
    await rig.pass(20 * HOUR)
    const asked = rig.ask(token)
    await until(() => rig.issuer.fetches === 2)
    // Longer than the gateway waits before it looks at what it has kept.
    await new Promise((resume) => setTimeout(resume, 600))
    rig.issuer.mode = 'ok'
    rig.issuer.release()
    expect((await asked).status).toBe(401)
    expect(rig.gateway.origin.requests).toEqual([])
  })

  it('lets a good token wait beside hundreds of bad ones', { retry: 2 }, async () => {
    rig.issuer.mode = 'silent'
    const bad = Array.from({ length: 260 }, (_, i) => rig.ask(unknownToken(i)))
    await until(() => rig.issuer.fetches === 1)
    // All of them are waiting by then, as a rule.
    await new Promise((resume) => setTimeout(resume, 700))
    const good = statusOf(await first.token())
    await new Promise((resume) => setTimeout(resume, 200))
    rig.issuer.mode = 'ok'
    rig.issuer.release()
    expect(await good).toBe(200)
    for (const { status } of await Promise.all(bad)) expect([401, 503]).toContain(status)
  })

  it('is served the last good set where the issuer hangs', async () => {
    const token = await first.token()
    await rig.ask(token)
    await until(() => rig.stored.size === 1)
    rig.issuer.mode = 'silent'
    await rig.coldStart()
    await eventually(token, 200)
    await until(() => rig.issuer.fetches > 1)
    rig.issuer.release()
  })

  it('believes nothing of shared state that the gateway has not sealed', async () => {
    const token = await first.token()
    await rig.ask(token)
    await until(() => rig.stored.size === 1)
    const [[name, text] = ['', '']] = [...rig.stored]
    rig.stored.set(name, text.replace('"kid":"first"', '"kid":"third"'))
    rig.issuer.mode = 'dead'
    rig.gateway.origin.clear()
    await rig.coldStart()
    expectUnavailable(await rig.ask(token))
    rig.stored.set(name, text)
    await rig.pass(2 * SECOND)
    await eventually(token, 200)
  })
})

describe('an isolate that has a set', () => {
  it('takes a new key with its first token, and drops the removed one', async () => {
    expect(await statusOf(await first.token())).toBe(200)
    rig.issuer.keys = [first.jwk, second.jwk]
    await rig.pass(31 * SECOND)
    await eventually(await second.token(), 200)
    expect(await statusOf(await first.token())).toBe(200)
    rig.issuer.keys = [second.jwk]
    await rig.pass(11 * MINUTE)
    await eventually(await first.token(), 401)
    expect(await statusOf(await second.token())).toBe(200)
    expect(rig.issuer.fetches).toBe(3)
  })

  it.each([0, 260])(
    'never says 401 to the first token of a new key while it is fetched (%d beside it)',
    { retry: 2 },
    async (count) => {
      expect(await statusOf(await first.token())).toBe(200)
      rig.issuer.keys = [first.jwk, second.jwk]
      rig.issuer.mode = 'silent'
      rig.gateway.origin.clear()
      await rig.pass(31 * SECOND)
      const others = Array.from({ length: count }, (_, i) => rig.ask(unknownToken(i)))
      const token = await second.token()
      const answers = await Promise.all([rig.ask(token), rig.ask(token)])
      for (const answer of answers) {
        expectUnavailable(answer)
        expect(one(answer, 'retry-after')).toBe('1')
      }
      rig.issuer.mode = 'ok'
      rig.issuer.release()
      await eventually(token, 200)
      expect(rig.issuer.fetches).toBe(2)
      for (const { status } of await Promise.all(others)) expect([401, 503]).toContain(status)
      await eventually(unknownToken(count), 401)
    },
  )

  it.each<Mode>(['dead', 'error', 'redirect', 'html', 'empty', 'huge', 'bomb', 'many'])(
    'outlives a day of an issuer that is %s, and no more, and recovers',
    async (mode) => {
      const token = await first.token()
      await rig.ask(token)
      rig.issuer.mode = mode
      for (const hours of [1, 3, 6, 12]) {
        await rig.pass(hours * HOUR)
        const answer = await rig.ask(token)
        expect(answer.status).toBe(200)
        expect((await rig.gateway.recordOf(answer)).reported).toHaveLength(1)
      }
      rig.gateway.origin.clear()
      await rig.pass(3 * HOUR)
      expectUnavailable(await rig.ask(token))
      expect(rig.issuer.requests.every(({ path }) => path === '/jwks.json')).toBe(true)
      rig.issuer.mode = 'ok'
      await rig.pass(2 * MINUTE)
      const answer = await rig.ask(token)
      expect(answer.status).toBe(200)
      expect((await rig.gateway.recordOf(answer)).reported).toEqual([])
    },
  )

  it('answers good tokens while a refresh hangs', async () => {
    const token = await first.token()
    await rig.ask(token)
    rig.issuer.mode = 'silent'
    await rig.pass(9 * MINUTE)
    const answers = await Promise.all(Array.from({ length: 20 }, () => statusOf(token)))
    expect(answers).toEqual(Array.from({ length: 20 }, () => 200))
    await until(() => rig.issuer.fetches > 1)
    rig.issuer.release()
  })

  it('keeps what is good of a bad set: no private key, two of one kid, no point off its curve', async () => {
    const same = [first, second, await newSigner('third')]
    const shared = same.map(({ jwk }) => ({ ...jwk, kid: 'same' }))
    const offCurve = { ...first.jwk, kid: 'off', x: (second.jwk as { x: string }).x }
    const leaked = { ...first.jwk, kid: 'leaked', d: 'AAAA' }
    rig.issuer.keys = [leaked, offCurve, { kty: 'oct', k: 'AAAA', kid: 'secret', alg: 'HS256' }, ...shared]
    const statuses = await Promise.all(same.map(async (signer) => statusOf(await signer.token('same'))))
    expect(statuses).toEqual([200, 200, 401])
    expect(await statusOf(await first.token('leaked'))).toBe(401)
    expect(await statusOf(await first.token('off'))).toBe(401)
  })

  it('is asked for by validator, and stays what it was', async () => {
    rig.issuer.headers = { etag: '"v1"' }
    const token = await first.token()
    await rig.ask(token)
    await rig.pass(11 * MINUTE)
    await rig.ask(token)
    await until(() => rig.issuer.fetches === 2)
    const answer = await rig.ask(token)
    expect(answer.status).toBe(200)
    expect(rig.issuer.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v1"'])
  })
})
