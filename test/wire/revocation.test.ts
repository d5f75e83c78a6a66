import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mintKey } from '../../src/credentials/api-key/mint.ts'
import { HOST, one, problem, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import { CONTROL_KEY, operatorOf, type SignedRequest } from './harness/operator.ts'
import { type Origin, startOrigin } from './harness/origin.ts'
import { type RawAnswer, request, send } from './harness/raw.ts'
import { startTwins, type Twins } from './harness/twins.ts'

const ENTRY = 'test/wire/workers/control.ts'
const CHECKSUM = 'checksum-canary-1f1f-0123456789abcdef'
const keys = { CONTROL_KEY, API_KEY_CHECKSUM: CHECKSUM }
const hour = 3_600_000
const ISSUER = 'https://issuer.test'

/** Two isolates of one deployment: how to call each, and the longest that one lags behind. */
interface Pair {
  first(parts: Partial<SignedRequest>): Promise<RawAnswer>
  second(parts: Partial<SignedRequest>): Promise<RawAnswer>
  lagMs: number
  close(): Promise<void>
}

const callOf =
  (port: number) =>
  ({ method = 'GET', target = '/', headers = [], host = HOST, body }: Partial<SignedRequest>) =>
    send(port, request({ method, target, headers: [['Host', host], ...headers], ...(body && { body }) }))

const pairs: Record<string, () => Promise<Pair>> = {
  async 'two workerd processes on one Redis'() {
    const one = await startGateway({ entry: ENTRY, state: 'upstash', bindings: keys })
    const two = await startGateway({
      entry: ENTRY,
      bindings: {
        ...keys,
        STATE: 'upstash',
        STATE_NAMESPACE: 'wire',
        UPSTASH_REDIS_REST_URL: one.front.url,
        UPSTASH_REDIS_REST_TOKEN: 'redis-token-canary-3e8c',
      },
    })
    const close = async () => {
      await two.close()
      await one.close()
    }
    return { first: callOf(one.workerd.port), second: callOf(two.workerd.port), lagMs: 0, close }
  },
  async 'two isolates that share Durable Objects'() {
    const origin: Origin = await startOrigin()
    const vars = { ORIGIN_URL: origin.url, PUBLIC_HOSTS: HOST, TRUST: 'direct', STATE: 'durable-object' }
    const twins: Twins = await startTwins(ENTRY, { ...vars, ...secrets, ...keys })
    const [first, second] = twins.ports
    const close = async () => {
      await twins.close()
      await origin.close()
    }
    return { first: callOf(first), second: callOf(second), lagMs: 2000, close }
  },
}

let serial = 0
const tokenOf = (parts: Record<string, unknown> = {}) => {
  const n = ++serial
  return {
    iss: ISSUER,
    sub: `sub-${n}`,
    jti: `jti-${n}`,
    sid: `sid-${n}`,
    iat: Math.floor(Date.now() / 1000),
    ...parts,
  }
}
type Token = ReturnType<typeof tokenOf>
const bearing = (text: string, target: string): Partial<SignedRequest> => ({
  target,
  headers: [['Authorization', `Bearer ${text}`]],
})
const asToken = (token: Token, target = '/tokens') =>
  bearing(Buffer.from(JSON.stringify(token)).toString('base64url'), target)
const mint = (id?: string, madeMs = Date.now()) =>
  mintKey({
    prefix: 'acme_live',
    checksumSecret: CHECKSUM,
    scopes: ['reports:read'],
    name: 'reports of acme',
    now: madeMs,
    ...(id !== undefined && { id }),
  })

describe.each(Object.entries(pairs))('%s', (_, start) => {
  let pair: Pair
  beforeAll(async () => {
    pair = await start()
  })
  afterAll(() => pair.close())

  const operate = async (command: object) => {
    const answer = await operatorOf({ call: (signed) => pair.first(signed) })(command)
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"done"')])
    return JSON.parse(answer.text)
  }
  const use = async (token: Token) => (await pair.second(asToken(token))).status
  /** Waits for as long as the isolate may lag behind. */
  const lag = () => new Promise((done) => setTimeout(done, pair.lagMs))

  it('are two, and not one isolate', async () => {
    const names = [await pair.first({ target: '/open' }), await pair.second({ target: '/open' })].map(
      (answer) => one(answer, 'x-test-isolate'),
    )
    expect(names).toEqual([expect.any(String), expect.any(String)])
    expect(names[0]).not.toBe(names[1])
  })

  it.each<[string, (token: Token) => object, Partial<Token>]>([
    ['a subject', ({ sub, iss }) => ({ subject: sub, issuer: iss }), { sub: 'another' }],
    ['a token', ({ jti, iss }) => ({ token: jti, issuer: iss }), { jti: 'another' }],
    ['a session', ({ sid, iss }) => ({ session: sid, issuer: iss }), { sid: 'another' }],
    ['an issuer', ({ iss }) => ({ issuer: iss }), { iss: 'https://other.test' }],
  ])('refuses %s that was revoked at the other one, and nothing else', async (name, what, otherwise) => {
    const token = tokenOf({ iss: `https://${name.replaceAll(' ', '-')}.test` })
    expect(await use(token)).toBe(200)
    await operate({ command: 'revoke', ...what(token), until: Date.now() + hour })
    await lag()
    const refused = await pair.second(asToken(token))
    expect([refused.status, problem(refused).code]).toEqual([401, 'principal_revoked'])
    expect(one(refused, 'www-authenticate')).toContain('error="invalid_token"')
    expect(await use({ ...token, ...otherwise })).toBe(200)
  })

  it('refuses what was issued before a moment, and what does not tell; not what came after', async () => {
    const { iat, ...rest } = tokenOf({ iss: 'https://moments.test' })
    const old = { ...rest, iat: iat - 100 }
    expect(await use(old)).toBe(200)
    const issuedBefore = (iat - 10) * 1000
    await operate({ command: 'revoke', issuer: rest.iss, until: Date.now() + hour, issuedBefore })
    await lag()
    expect(await use(old)).toBe(401)
    expect(await use(rest as Token)).toBe(401)
    expect(await use({ ...rest, iat: iat - 10 })).toBe(200)
    expect(await use({ ...rest, iat })).toBe(200)
  })

  it('keeps a revocation that a later command would end sooner', async () => {
    const token = tokenOf()
    const what = { command: 'revoke', subject: token.sub, issuer: token.iss }
    await operate({ ...what, until: Date.now() + hour })
    await operate({ ...what, until: Date.now() + 4000 })
    await operate({ ...what, until: Date.now() + 4000, issuedBefore: 1 })
    await new Promise((done) => setTimeout(done, 4500))
    expect(await use(token)).toBe(401)
  })

  it('takes an API key from when it is made until it is revoked, also in an isolate that remembers it', async () => {
    const { key, record } = await mint()
    const asKey = bearing(key, '/keys')
    expect(await operate({ command: 'key.create', record })).toEqual({ done: 'key.create', id: record.id })
    expect((await pair.second(asKey)).status).toBe(200)
    expect((await pair.first(asKey)).status).toBe(200)
    const listed = await operate({ command: 'key.list' })
    const { digest: _digest, ...shown } = record
    expect(listed.keys).toEqual([shown])
    const revoked = await operate({ command: 'key.revoke', id: record.id })
    expect(revoked).toMatchObject({ done: 'key.revoke', id: record.id, removed: true })
    expect(revoked.until).toBeGreaterThan(Date.now() + hour)
    await lag()
    for (const isolate of [pair.second, pair.first]) {
      const refused = await isolate(asKey)
      expect([refused.status, problem(refused).code]).toEqual([401, 'principal_revoked'])
    }
    expect((await operate({ command: 'key.list' })).keys).toEqual([])
    expect(await operate({ command: 'key.revoke', id: record.id })).toMatchObject({ removed: false })
  })

  const useKey = async (key: string) => {
    const answer = await pair.second(bearing(key, '/keys'))
    return answer.status === 200 ? 200 : problem(answer).code
  }

  it('refuses the text of a key that was revoked, also when it is stored under another id', async () => {
    const { key, record } = await mint()
    await operate({ command: 'key.create', record })
    await operate({ command: 'key.revoke', id: record.id })
    await operate({ command: 'key.create', record: { ...record, id: `${record.id}-again` } })
    await lag()
    expect(await useKey(key)).toBe('principal_revoked')
    await operate({ command: 'key.revoke', id: `${record.id}-again` })
  })

  it('refuses for as long as a key is revoked, also when it is removed and stored under another id', async () => {
    const { key, record } = await mint()
    await operate({ command: 'key.create', record })
    const until = Date.now() + 400 * hour
    await operate({ command: 'revoke', apiKey: record.id, until })
    await operate({ command: 'key.revoke', id: record.id })
    await operate({ command: 'key.create', record: { ...record, id: `${record.id}-again` } })
    await lag()
    expect(await useKey(key)).toBe('principal_revoked')
    await operate({ command: 'key.revoke', id: `${record.id}-again` })
  })

  it('refuses a key that was made before a moment, also when a record is stored that says it was made later', async () => {
    const { key, record } = await mint(undefined, Date.now() - 60_000)
    await operate({ command: 'key.create', record })
    const issuedBefore = Date.now() - 1000
    await operate({ command: 'revoke', apiKey: record.id, until: Date.now() + hour, issuedBefore })
    const later = {
      ...record,
      createdAt: new Date(Date.now()).toISOString(),
      scopes: ['reports:read', 'more'],
    }
    await operate({ command: 'key.create', record: later })
    await lag()
    expect(await useKey(key)).toBe('principal_revoked')
    const { keys } = await operate({ command: 'key.list' })
    expect(keys).toMatchObject([{ id: record.id, createdAt: record.createdAt, scopes: later.scopes }])
    await operate({ command: 'key.revoke', id: record.id })
  })

  it('refuses the old text of an id that was given a new key, where it is remembered', async () => {
    const old = await mint()
    const renewed = await mint(old.record.id)
    await operate({ command: 'key.create', record: old.record })
    expect(await useKey(old.key)).toBe(200)
    await operate({ command: 'key.create', record: renewed.record })
    await lag()
    expect(await useKey(old.key)).toBe('principal_revoked')
    expect(await useKey(renewed.key)).toBe(200)
    await operate({ command: 'key.revoke', id: old.record.id })
  })

  it('answers 422 to a digest that is stored under another id, and changes nothing', async () => {
    const { key, record } = await mint()
    const other = await mint()
    for (const each of [record, other.record]) await operate({ command: 'key.create', record: each })
    const taken = { ...record, id: other.record.id, scopes: [] }
    for (const refused of [taken, { ...taken, id: `${record.id}-again` }]) {
      const answer = await operatorOf({ call: (signed) => pair.first(signed) })({
        command: 'key.create',
        record: refused,
      })
      expect([answer.status, problem(answer).code]).toEqual([422, 'input_invalid'])
    }
    await lag()
    expect([await useKey(key), await useKey(other.key)]).toEqual([200, 200])
    for (const { id } of [record, other.record]) await operate({ command: 'key.revoke', id })
  })

  it('refuses a revoked token where limits cannot be counted, on a route that goes on without them', async () => {
    const token = tokenOf()
    const fragile = () => pair.second(asToken(token, '/fragile'))
    expect((await fragile()).status).toBe(200)
    await operate({ command: 'revoke', subject: token.sub, issuer: token.iss, until: Date.now() + hour })
    await lag()
    const refused = await fragile()
    expect([refused.status, problem(refused).code]).toEqual([401, 'principal_revoked'])
    expect((await pair.second(asToken(tokenOf(), '/fragile'))).status).toBe(200)
  })

  it('refuses a client that was blocked at the other one', async () => {
    expect((await pair.second({ target: '/open' })).status).toBe(200)
    await operate({ command: 'block', client: '127.0.0.1', until: Date.now() + 10_000 })
    await lag()
    const refused = await pair.second({ target: '/open' })
    expect([refused.status, problem(refused).code]).toEqual([403, 'client_blocked'])
    // The operator is a client too: what ends the block here is its time.
    const deadline = Date.now() + 15_000
    while ((await pair.first({ target: '/open' })).status !== 200 && Date.now() < deadline) {
      await new Promise((done) => setTimeout(done, 200))
    }
    expect((await pair.first({ target: '/open' })).status).toBe(200)
  })
})

describe('while shared state is down', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry: ENTRY, state: 'upstash', bindings: keys })
  })
  afterAll(() => gateway.close())

  it('a command is answered 503 and is not done; the same command, signed anew, is done afterwards', async () => {
    const command = { command: 'revoke', subject: 'sub', issuer: ISSUER, until: Date.now() + hour }
    const operate = operatorOf(gateway)
    expect((await operate(command)).status).toBe(200)
    await gateway.front.refuseConnections()
    const answer = await operate(command)
    expect([answer.status, problem(answer).code]).toEqual([503, 'state_unavailable'])
    expect(one(answer, 'retry-after')).toMatch(/^[1-9]/)
    await gateway.front.acceptAgain()
    expect((await operate(command)).status).toBe(200)
  })

  it('a command whose own call fails is answered 503, without a word of what was asked', async () => {
    const { front } = gateway
    const answer = await operatorOf(gateway)({ command: 'key.list', cursor: '1' })
    expect(answer.status).toBe(200)
    await front.raw(['SET', 'sp1:wire:k', 'not a hash'])
    const failed = await operatorOf(gateway)({ command: 'key.list' })
    expect([failed.status, problem(failed).code]).toEqual([503, 'state_unavailable'])
    expect(await gateway.recordOf(failed)).toMatchObject({
      event: 'key.list',
      stage: 'gateway',
      reason: 'shared state did not carry the command out',
    })
  })
})

describe('shared state that is full', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry: ENTRY, state: 'upstash', bindings: keys })
  })
  afterAll(() => gateway.close())

  it('takes no key more, says so in the record, and still takes revocations and keys anew', async () => {
    const operate = operatorOf(gateway)
    const record = (id: string, digit: string) => ({
      id,
      digest: digit.repeat(64),
      scopes: [],
      createdAt: '2026-11-22T09:00:00Z',
    })
    expect((await operate({ command: 'key.create', record: record('first', 'a') })).status).toBe(200)
    const fill = "for i = 1, 99999 do redis.call('HSET', KEYS[1], 'fill' .. i, 'id' .. i .. ' {}') end"
    await gateway.front.raw(['EVAL', fill, '1', 'sp1:wire:k'])
    const full = await operate({ command: 'key.create', record: record('second', 'b') })
    expect([full.status, problem(full).code]).toEqual([503, 'state_unavailable'])
    expect(await gateway.recordOf(full)).toMatchObject({
      reason: 'shared state keeps no more revocations, blocks or API keys',
    })
    expect((await operate({ command: 'key.create', record: record('first', 'c') })).status).toBe(200)
    expect((await operate({ command: 'revoke', apiKey: 'first', until: Date.now() + hour })).status).toBe(200)
  })
})

describe('the limit of the endpoint', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry: ENTRY, bindings: keys })
  })
  afterAll(() => gateway.close())

  it('is 60 commands a minute, which those of strangers do not use up', async () => {
    const stranger = `ops-1:hmac-sha256:${Buffer.alloc(32, 9).toString('base64')}`
    const operate = operatorOf(gateway)
    for (let i = 0; i < 70; i++) await operate({ command: 'key.list' }, { key: stranger })
    const answers = await Promise.all(Array.from({ length: 75 }, () => operate({ command: 'key.list' })))
    const passed = answers.filter(({ status }) => status === 200).length
    // A minute may end while they are sent.
    expect(passed).toBeGreaterThanOrEqual(60)
    expect(passed).toBeLessThan(75)
    expect(answers.find(({ status }) => status === 429)).toBeDefined()
  })
})
