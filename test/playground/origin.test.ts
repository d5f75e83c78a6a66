import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Listening } from '../../src/dev/http.ts'
import { startOrigin } from '../../src/dev/origin.ts'
import type { RecordedRequest } from '../../src/dev/recorder.ts'
import { importSigningKey } from '../../src/origin/keys.ts'
import { signRequest } from '../../src/origin/sign.ts'

const PROOF_KEY = `test:hmac-sha256:${Buffer.alloc(32, 7).toString('base64')}`
let origin: Listening

beforeAll(async () => {
  origin = await startOrigin({ port: 0, proofKey: PROOF_KEY })
})
beforeEach(async () => {
  await fetch(`${origin.url}/_playground/requests`, { method: 'DELETE' })
  await shape({ times: 0 })
})
afterAll(() => origin.close())

const shape = (behaviour: unknown) =>
  fetch(`${origin.url}/_playground/behaviour`, { method: 'PUT', body: JSON.stringify(behaviour) })
const recorded = async () =>
  (await (await fetch(`${origin.url}/_playground/requests`)).json()) as RecordedRequest[]
const call = (path = '/x', body = 'x') => fetch(`${origin.url}${path}`, { method: 'POST', body })
const statuses = async (count: number) => {
  const seen: number[] = []
  while (seen.length < count) seen.push((await call()).status)
  return seen
}

describe('the record', () => {
  test('holds method, raw target, lower-case headers, body and time, in the order of arrival', async () => {
    const before = Date.now()
    await fetch(`${origin.url}/a%2fb?c=%20d`, {
      method: 'PUT',
      headers: { 'X-Mixed': 'Case' },
      body: Buffer.from([0, 255]),
    })
    await call('/second')
    const [first, second] = await recorded()
    expect(first).toMatchObject({ method: 'PUT', path: '/a%2fb?c=%20d', bodyBase64: 'AP8=' })
    expect(first?.headers['x-mixed']).toBe('Case')
    expect(first?.at).toBeGreaterThanOrEqual(before)
    expect(second?.path).toBe('/second')
  })

  test('joins repeated headers into one string', async () => {
    await new Promise<void>((resolve, reject) => {
      const sent = request(`${origin.url}/r`, { headers: { 'X-Two': ['a', 'b'] } }, (response) => {
        response.resume().on('end', resolve)
      })
      sent.on('error', reject).end()
    })
    expect((await recorded())[0]?.headers['x-two']).toBe('a, b')
  })

  test('is made on arrival, before a delayed answer', async () => {
    await shape({ delayMs: 400 })
    const answer = call('/slow')
    await expect.poll(async () => (await recorded()).length, { timeout: 300 }).toBe(1)
    expect((await answer).status).toBe(200)
  })

  test('keeps a request whose body breaks off, and says so', async () => {
    const sent = request(`${origin.url}/broken`, { method: 'POST', headers: { 'content-length': '100' } })
    sent.on('error', () => undefined)
    sent.write('half')
    setTimeout(() => sent.destroy(), 50)
    await expect.poll(recorded).toHaveLength(1)
    expect((await recorded())[0]).toMatchObject({ bodyBase64: 'aGFsZg==', incomplete: true })
  })

  test('is emptied by DELETE', async () => {
    await call()
    expect((await fetch(`${origin.url}/_playground/requests`, { method: 'DELETE' })).status).toBe(200)
    expect(await recorded()).toEqual([])
  })

  test('keeps the last 1,000 requests', async () => {
    for (let batch = 0; batch < 21; batch++) {
      await Promise.all(Array.from({ length: 50 }, (_, i) => call(`/n/${batch}/${i}`, '')))
    }
    const kept = await recorded()
    expect(kept).toHaveLength(1000)
    expect(kept.some(({ path }) => path.startsWith('/n/0/'))).toBe(false)
    expect(kept.some(({ path }) => path.startsWith('/n/20/'))).toBe(true)
  })

  test('keeps 16 MiB in all, the oldest go first, and a body above that is not kept', async () => {
    const body = 'b'.repeat(6 * 1_048_576)
    for (const path of ['/1', '/2', '/3']) await call(path, body)
    expect((await recorded()).map(({ path }) => path)).toEqual(['/2', '/3'])
    await call('/4', 'b'.repeat(17 * 1_048_576))
    const last = (await recorded()).at(-1)
    expect([last?.path, last?.bodyBase64.length, last?.incomplete]).toEqual(['/4', 0, true])
  })
})

describe('the behaviour', () => {
  test('shapes one answer unless told otherwise, then 200 {"ok":true} comes back', async () => {
    await shape({ status: 503 })
    expect(await statuses(2)).toEqual([503, 200])
    expect(await (await call()).json()).toEqual({ ok: true })
  })

  test('shapes the next `times` answers', async () => {
    await shape({ status: 500, times: 2 })
    expect(await statuses(3)).toEqual([500, 500, 200])
  })

  test('is replaced whole by a later PUT', async () => {
    await shape({ status: 500, delayMs: 5000, times: 9 })
    await shape({ status: 404 })
    const start = Date.now()
    expect(await statuses(2)).toEqual([404, 200])
    expect(Date.now() - start).toBeLessThan(4000)
  })

  test('is cleared by times 0', async () => {
    await shape({ status: 500, times: 9 })
    await shape({ status: 500, times: 0 })
    expect(await statuses(1)).toEqual([200])
  })

  test('drops the connection, and still records the request', async () => {
    await shape({ drop: true })
    await expect(call('/dropped')).rejects.toThrow()
    expect((await recorded()).map(({ path }) => path)).toEqual(['/dropped'])
    expect(await statuses(1)).toEqual([200])
  })

  test('delays by delayMs', async () => {
    await shape({ delayMs: 300 })
    const start = Date.now()
    await call()
    expect(Date.now() - start).toBeGreaterThanOrEqual(290)
  })

  test.each([
    ['no JSON', '{', 'not JSON'],
    ['an array', '[]', 'JSON object'],
    ['an unknown member', '{"stauts":500}', `'stauts' is not known`],
    ['a status as text', '{"status":"500"}', `'status'`],
    ['a status that is none', '{"status":99}', `'status'`],
    ['a negative delay', '{"delayMs":-1}', `'delayMs'`],
    ['a fraction of times', '{"times":1.5}', `'times'`],
    ['drop as a number', '{"drop":1}', `'drop'`],
    ['a body without end', `{"x":"${'x'.repeat(70_000)}"}`, 'longer than'],
  ])('refuses %s with 400 and says what is wrong', async (_, body, told) => {
    const response = await fetch(`${origin.url}/_playground/behaviour`, { method: 'PUT', body })
    expect(response.status).toBe(400)
    expect(((await response.json()) as { error: string }).error).toContain(told)
    expect(await statuses(1)).toEqual([200])
  })

  test('answers 405 and 404 for what the playground does not have', async () => {
    const wrong = await fetch(`${origin.url}/_playground/behaviour`)
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'PUT'])
    expect((await fetch(`${origin.url}/_playground/nothing`)).status).toBe(404)
    expect(await recorded()).toEqual([])
  })
})

describe('the proof', () => {
  const signed = async (body: string) => {
    const url = new URL(`${origin.url}/proven?a=1`)
    const headers = new Headers({
      'content-type': 'application/json',
      'sallyport-id': 'an-id',
      'sallyport-host': 'gateway.test',
      'sallyport-route': 'github',
    })
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Buffer.from(body)))
    await signRequest(await importSigningKey(PROOF_KEY), {
      method: 'POST',
      url,
      headers,
      asserted: ['sallyport-id', 'sallyport-host', 'sallyport-route'],
      digest,
      created: Math.floor(Date.now() / 1000),
    })
    return { url, headers }
  }

  test('is recorded as one that holds', async () => {
    const { url, headers } = await signed('{}')
    await fetch(url, { method: 'POST', headers, body: '{}' })
    expect((await recorded())[0]?.proof).toEqual({ ok: true })
  })

  test('of another body is recorded as broken, and answered 200 all the same', async () => {
    const { url, headers } = await signed('{}')
    expect((await fetch(url, { method: 'POST', headers, body: '[]' })).status).toBe(200)
    expect((await recorded())[0]?.proof).toEqual({ ok: false, reason: 'body-mismatch' })
  })

  test('sent a second time is recorded as replayed', async () => {
    const { url, headers } = await signed('{}')
    for (let i = 0; i < 2; i++) await fetch(url, { method: 'POST', headers, body: '{}' })
    expect((await recorded()).map(({ proof }) => proof?.ok)).toEqual([true, false])
  })

  test('that is absent is recorded as missing', async () => {
    await call()
    expect((await recorded())[0]?.proof).toEqual({ ok: false, reason: 'proof-missing' })
  })
})

test('judges the proof of an Ed25519 key by its public half', async () => {
  const pair = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', (pair as CryptoKeyPair).privateKey)
  const proofKey = `k2:ed25519:${Buffer.from(pkcs8 as ArrayBuffer).toString('base64')}`
  const other = await startOrigin({ port: 0, proofKey })
  try {
    await fetch(other.url)
    const kept = (await (await fetch(`${other.url}/_playground/requests`)).json()) as RecordedRequest[]
    expect(kept[0]?.proof).toEqual({ ok: false, reason: 'proof-missing' })
  } finally {
    await other.close()
  }
})

test('refuses to start with a proof key that is none', async () => {
  await expect(startOrigin({ port: 0, proofKey: 'nonsense' })).rejects.toThrow('origin verification key')
})
