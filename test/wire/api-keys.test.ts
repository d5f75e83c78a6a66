import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { importedRecord, mintKey } from '../../src/credentials/api-key/mint.ts'
import type { KeyRecord } from '../../src/credentials/api-key/record.ts'
import { one, problem, startGateway, type TestGateway } from './harness/gateway.ts'
import type { RawAnswer } from './harness/raw.ts'

const SECRET = 'checksum-secret-canary-41d8-0123456789'
const scopes = ['reports:read']
const now = Date.now()
const order = { prefix: 'acme_live', checksumSecret: SECRET, scopes, now }
const mint = (more: object = {}) => mintKey({ ...order, ...more })
/** A machine that stalls may let a time of these tests run out; a gateway that does wrong fails each time. */
const stalls = { retry: 2 }
const listed = await mint({ id: 'listed' })
const test = await mint({ prefix: 'acme_test', id: 'test' })

describe.each(['durable-object', 'upstash'] as const)('API keys with %s', (state) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({
      entry: 'test/wire/workers/api-keys.ts',
      state,
      bindings: {
        API_KEY_CHECKSUM: SECRET,
        API_KEYS: [listed.record, test.record].map((record) => JSON.stringify(record)).join('\n'),
      },
    })
  })
  afterAll(() => gateway?.close())
  beforeEach(async () => {
    gateway.origin.clear()
    await door({ down: false })
  })

  const door = (body: object) => gateway.door<{ asked: number }>('/', body)
  const asked = async () => (await door({})).asked
  const store = (record: KeyRecord, text = JSON.stringify(record)) =>
    door({ operation: 'putApiKey', args: [{ id: record.id, digest: record.digest, text }] })
  const get = (target: string, ...headers: [string, string][]) => gateway.call({ target, headers })
  const bearer = (key: string): [string, string] => ['Authorization', `Bearer ${key}`]
  const stored = async (more: object = {}) => {
    const minted = await mint(more)
    await store(minted.record)
    await door({})
    return minted
  }
  const said = (answer: RawAnswer) => [
    answer.status,
    answer.status === 200 ? undefined : problem(answer).code,
  ]
  const reasonOf = async (answer: RawAnswer) => (await gateway.recordOf(answer)).reason

  it('let their owner in, in either header, and the origin learns whose it was', async () => {
    const { key, record } = await stored()
    for (const header of [bearer(key), ['x-api-key', key] as [string, string]]) {
      const answer = await get('/reports', header)
      expect(said(answer)).toEqual([200, undefined])
      expect(gateway.origin.requests.at(-1)?.values('x-key-id')).toEqual([record.id])
    }
    expect(await asked()).toBe(1)
  })

  it('cost one look-up for 40 requests at once in an isolate', async () => {
    const { key } = await stored()
    const answers = await Promise.all(Array.from({ length: 40 }, () => get('/reports', bearer(key))))
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200))
    expect(await asked()).toBe(1)
  })

  it('that are made up cost no look-up, and nothing of them is in record or answer', async () => {
    const { key } = await stored()
    const made = Array.from(
      { length: 50 },
      (_, i) => key.slice(0, 20) + createHash('sha256').update(String(i)).digest('hex').slice(0, 44),
    )
    if (state === 'upstash') gateway.front.calls.length = 0
    const answers = await Promise.all(
      [...made, `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`].map((key) =>
        get('/reports', bearer(key)),
      ),
    )
    for (const answer of answers) expect(said(answer)).toEqual([401, 'credential_refused'])
    expect(await asked()).toBe(0)
    if (state === 'upstash') expect(gateway.front.calls).toEqual([])
    expect(gateway.origin.requests).toHaveLength(0)
    expect(await reasonOf(answers[0] as RawAnswer)).toBe('the checksum is not of the key')
    const told = gateway.workerd.lines.join('\n') + answers.map(({ head, text }) => head + text).join('\n')
    for (const text of [SECRET, key.slice(0, 20), ...made.map((key) => key.slice(10, 40))])
      expect(told).not.toContain(text)
  })

  it('that are not known are one look-up in 5 seconds, and pass once they are known', stalls, async () => {
    const { key, record } = await mint()
    for (let i = 0; i < 5; i++)
      expect(said(await get('/reports', bearer(key)))).toEqual([401, 'credential_refused'])
    expect(await asked()).toBe(1)
    await store(record)
    await new Promise((resolve) => setTimeout(resolve, 5100))
    expect((await get('/reports', bearer(key))).status).toBe(200)
  })

  it.each<[string, (key: string) => [string, string][], number, string]>([
    ['none', () => [], 401, 'credential_missing'],
    ['two in one header', (key) => [bearer(`${key}, Bearer ${key}`)], 400, 'credential_repeated'],
    ['two headers', (key) => [bearer(key), bearer(key)], 400, 'credential_repeated'],
    ['one in each place', (key) => [bearer(key), ['X-Api-Key', key]], 400, 'credential_repeated'],
    [
      'one beside Basic',
      (key) => [
        ['Authorization', 'Basic YTpi'],
        ['X-Api-Key', key],
      ],
      400,
      'credential_repeated',
    ],
    ['one with a space after it', (key) => [bearer(`${key} x`)], 401, 'credential_refused'],
    ['one in another case', (key) => [bearer(key.toUpperCase())], 401, 'credential_refused'],
    ['one under Basic', (key) => [['Authorization', `Basic ${btoa(`${key}:`)}`]], 401, 'credential_missing'],
    ['60 KB', () => [bearer(`acme_live_${'a'.repeat(61_000)}`)], 431, 'headers_too_large'],
    ['16 KB', () => [bearer(`acme_live_${'a'.repeat(12_000)}`)], 401, 'credential_refused'],
  ])('presented as %s are refused', async (_, headers, status, code) => {
    const { key } = await stored()
    const answer = await get('/reports', ...headers(key))
    expect(said(answer)).toEqual([status, code])
    if (status === 401) expect(answer.headers.has('www-authenticate')).toBe(true)
    expect(gateway.origin.requests).toHaveLength(0)
    expect(await asked()).toBe(0)
  })

  it('that are refused tell where a key may stand, and the error on the scheme that one came in', async () => {
    const wrong = `acme_live_${'0'.repeat(54)}`
    const challenges = async (...headers: [string, string][]) =>
      ((await get('/reports', ...headers)).headers.get('www-authenticate') ?? []).join(', ')
    expect(await challenges()).toBe('Bearer realm="gw.test", ApiKey realm="gw.test", header="x-api-key"')
    expect(await challenges(bearer(wrong))).toMatch(/^Bearer realm="gw.test", error="invalid_token"/)
    expect(await challenges(['x-api-key', wrong])).not.toContain('error=')
  })

  it('in the query are no credential', async () => {
    const { key } = await stored()
    expect((await get(`/reports?api_key=${key}`)).status).toBe(401)
    expect(said(await get(`/reports?access_token=${key}`, bearer(key)))).toEqual([400, 'credential_repeated'])
  })

  it('without the scope are 403, of another tenant too, and what is stored with them is typed', async () => {
    const other = await stored({ scopes: ['reports:write'] })
    expect(said(await get('/reports', bearer(other.key)))).toEqual([403, 'scope_missing'])
    const acme = await stored({ claims: { tenant: 'acme' } })
    expect((await get('/tenants/acme', bearer(acme.key))).status).toBe(200)
    expect(said(await get('/tenants/globex', bearer(acme.key)))).toEqual([403, 'not_authorized'])
    expect(said(await get('/tenants/acme', bearer(other.key)))).toEqual([401, 'credential_refused'])
  })

  it('that are out of date are refused, also while the isolate remembers them', stalls, async () => {
    const soon = await stored({ expiresAt: new Date(Date.now() + 2500).toISOString() })
    expect((await get('/reports', bearer(soon.key))).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 2600))
    const answer = await get('/reports', bearer(soon.key))
    expect(said(answer)).toEqual([401, 'credential_refused'])
    expect(await reasonOf(answer)).toBe('the key is out of date')
    expect(await asked()).toBe(1)
  })

  it('that are revoked are refused while the isolate remembers them', async () => {
    const { key, record } = await stored()
    expect((await get('/reports', bearer(key))).status).toBe(200)
    await door({ operation: 'revoke', args: [`apiKey|${record.id}`, Date.now() + 3_600_000] })
    await expect
      .poll(async () => said(await get('/reports', bearer(key))), { timeout: 5000 })
      .toEqual([401, 'principal_revoked'])
    expect(await asked()).toBe(0)
  })

  it('that are removed are unknown once the isolate asks again', async () => {
    const { key, record } = await stored()
    expect((await get('/brief', bearer(key))).status).toBe(200)
    await door({ operation: 'removeApiKey', args: [record.id] })
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(said(await get('/brief', bearer(key)))).toEqual([401, 'credential_refused'])
  })

  it('of which what is stored is broken, or is of another key, are refused with a reason', async () => {
    for (const [change, reason] of [
      [{ admin: true }, 'what is stored of the key is broken: revoke it and make a new one'],
      [{ digest: 'ab'.repeat(32) }, 'what is stored under the key is of another key'],
    ] as const) {
      const { key, record } = await mint()
      await store(record, JSON.stringify({ ...record, ...change }))
      const answer = await get('/reports', bearer(key))
      expect(said(answer)).toEqual([401, 'credential_refused'])
      expect(await reasonOf(answer)).toBe(reason)
    }
  })

  it('are a 503 with Retry-After while the state is down, and known ones pass for their time', async () => {
    const { key } = await stored()
    const unknown = await stored()
    expect((await get('/reports', bearer(key))).status).toBe(200)
    await door({ down: true })
    const answer = await get('/reports', bearer(unknown.key))
    expect(said(answer)).toEqual([503, 'issuer_unavailable'])
    expect([one(answer, 'retry-after'), answer.headers.has('www-authenticate')]).toEqual(['1', false])
    expect((await get('/reports', bearer(key))).status).toBe(200)
    expect(said(await get('/reports', bearer('acme_live_junk')))).toEqual([401, 'credential_refused'])
    await door({ down: false })
    expect((await get('/reports', bearer(unknown.key))).status).toBe(200)
  })

  it('in a secret pass without a look-up, beside keys of shared state on one route', async () => {
    expect((await get('/listed', bearer(listed.key))).status).toBe(200)
    const { key } = await stored()
    expect(said(await get('/listed', bearer(key)))).toEqual([401, 'credential_refused'])
    expect((await get('/either', bearer(test.key))).status).toBe(200)
    expect(await asked()).toBe(0)
    expect((await get('/either', bearer(key))).status).toBe(200)
    expect(await asked()).toBe(1)
    // The key of one kind is not tried as the other.
    expect(said(await get('/either', bearer(listed.key)))).toEqual([401, 'credential_refused'])
  })

  it('that were made elsewhere pass by their hash, and unknown ones cost at most 20 look-ups a second', async () => {
    const legacy = `sk_${'0f'.repeat(16)}`
    const digest = createHash('sha256').update(legacy).digest('hex')
    await store(importedRecord({ digest, id: 'legacy', scopes, now }))
    expect((await get('/imported', bearer(legacy))).status).toBe(200)
    expect(said(await get('/reports', bearer(legacy)))).toEqual([401, 'credential_refused'])
    await door({})
    const start = performance.now()
    const flood = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        get('/imported', bearer(`sk_${i.toString(16).padStart(32, 'a')}`)),
      ),
    )
    const seconds = Math.ceil((performance.now() - start) / 1000)
    const counts = (code: number) => flood.filter(({ status }) => status === code).length
    expect(counts(401) + counts(503)).toBe(300)
    expect(counts(503)).toBeGreaterThan(0)
    // A bucket of 20, what it gains in so many seconds, and those that were under way when it ran dry.
    expect(await asked()).toBeLessThanOrEqual(20 + 20 * seconds + 20)
    expect((await get('/imported', bearer(legacy))).status).toBe(200)
  })

  it('that were made elsewhere pass in a flood of unknown ones, also when they are asked for again', async () => {
    const legacy = Array.from({ length: 5 }, (_, i) => `sk_${`${i}e`.repeat(16)}`)
    for (const [i, key] of legacy.entries()) {
      const digest = createHash('sha256').update(key).digest('hex')
      await store(importedRecord({ digest, id: `before-${i}`, scopes, now }))
      // The flood of the test before may have left nothing for keys that are new.
      await expect
        .poll(async () => (await get('/imported-brief', bearer(key))).status, { timeout: 5000 })
        .toBe(200)
    }
    let sent = 0
    let isOver = false
    const junk = () => `sk_${(++sent).toString(16).padStart(32, 'c')}`
    const refused: number[] = []
    const flood = Array.from({ length: 6 }, async () => {
      while (!isOver) refused.push((await get('/imported-brief', bearer(junk()))).status)
    })
    // The flood has used up what strangers may cost.
    await expect.poll(() => refused.includes(503), { timeout: 10_000 }).toBe(true)
    const statuses: number[] = []
    for (let i = 0; i < 30; i++) {
      statuses.push((await get('/imported-brief', bearer(legacy[i % 5] as string))).status)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    isOver = true
    await Promise.all(flood)
    expect(statuses).toEqual(Array(30).fill(200))
  })
})

describe('a route whose secrets are not set', () => {
  it('answers 503, and names the secret in the record alone', async () => {
    const gateway = await startGateway({
      entry: 'test/wire/workers/api-keys.ts',
      bindings: { API_KEY_CHECKSUM: SECRET },
    })
    try {
      const answer = await gateway.call({
        target: '/listed',
        headers: [['Authorization', `Bearer ${listed.key}`]],
      })
      expect([answer.status, problem(answer).code]).toEqual([503, 'not_configured'])
      expect(answer.text).not.toContain('API_KEYS')
      expect((await gateway.recordOf(answer)).reason).toContain('API_KEYS')
    } finally {
      await gateway.close()
    }
  })
})
