// Handshakes that hand over a secret, or ask for one to be used.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { sign } from '../../../src/testing/index.ts'
import * as webhooks from '../../../src/webhooks/index.ts'
import { authenticate, NOW } from './every/providers.ts'
import { hmac, type Make, mounted, SECRET } from './handshakes.ts'

describe('asana', () => {
  const HOOK = 'b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81'
  const options = { armedUntil: 'ARMED' }
  const at = (ms: number) => ({ ARMED: new Date(NOW + ms).toISOString() })
  const shake = (headers: Record<string, string> = { 'x-hook-secret': HOOK }) => ({ method: 'POST', headers })
  const REFUSED = 'signature_refused: asana: the handshake is refused'
  const ECHO = { status: 200, headers: { 'x-hook-secret': HOOK } }

  test('gives the secret back while the window is open, also before any secret is set', async () => {
    for (const ms of [1, 60_000, 3_600_000])
      expect(await mounted(webhooks.asana, options, at(ms))(shake())).toEqual(ECHO)
    const first = mounted(webhooks.asana, options, { ...at(60_000), PROVIDER_SECRET: '' })
    expect(await first(shake())).toEqual(ECHO)
  })

  test('does not take the secret that it gave back', async () => {
    const armed = mounted(webhooks.asana, options, at(60_000))
    expect(await armed(shake())).toEqual(ECHO)
    const headers = { 'x-hook-signature': hmac('{}', HOOK).digest('hex') }
    expect(await armed({ method: 'POST', headers, body: '{}' })).toBe(
      'signature_refused: asana: no signature matches',
    )
  })

  test.each([
    ['the window is over', at(0)],
    ['the window opens more than an hour before its end', at(3_600_001)],
    ['no time is set', {}],
    ['the time is no ISO 8601', { ARMED: 'tomorrow' }],
    ['the time has no zone', { ARMED: new Date(NOW + 60_000).toISOString().slice(0, -1) }],
    ['the time is a number', { ARMED: String(NOW + 60_000) }],
  ])('refuses where %s', async (_, env) => {
    expect(await mounted(webhooks.asana, options, env)(shake())).toBe(REFUSED)
  })

  test('refuses every handshake without the option', async () => {
    expect(await mounted(webhooks.asana, {}, at(60_000))(shake())).toBe(REFUSED)
  })

  test.each([
    ['31 characters', HOOK.slice(0, 31)],
    ['129 characters', 'a'.repeat(129)],
    ['two', `${HOOK}, ${HOOK}`],
    ['a line that no header holds', `${HOOK};`],
    ['nothing', ''],
  ])('refuses a secret of %s', async (_, secret) => {
    expect(await mounted(webhooks.asana, options, at(60_000))(shake({ 'x-hook-secret': secret }))).toBe(
      REFUSED,
    )
  })

  test('takes a delivery with a secret beside its signature for a handshake, and never forwards it', async () => {
    const headers = { 'x-hook-secret': HOOK, 'x-hook-signature': hmac('{}').digest('hex') }
    const request = { method: 'POST', headers, body: '{}' }
    expect(await mounted(webhooks.asana, options, at(-1))(request)).toBe(REFUSED)
    expect(await mounted(webhooks.asana, options, at(1))(request)).toEqual(ECHO)
  })

  test('takes no GET for a handshake, and names its var', async () => {
    expect(await mounted(webhooks.asana, options, at(60_000))({ headers: { 'x-hook-secret': HOOK } })).toBe(
      'signature_missing: asana: x-hook-signature is missing',
    )
    const make = webhooks.asana as unknown as Make
    expect(make({ secret: 'A', armedUntil: 'B' }).vars).toEqual([{ name: 'B' }])
    expect(() => make({ secret: 'A', armedUntil: '' })).toThrow(/^asana: armedUntil: is not the name/)
  })
})

test('notion: the first request, which brings the token unsigned, is refused and its token not told', async () => {
  const body = '{"verification_token":"secret_canary"}'
  for (const headers of [
    {},
    { 'x-notion-signature': `sha256=${hmac(body, 'secret_canary').digest('hex')}` },
  ]) {
    const answer = await mounted(webhooks.notion)({ method: 'POST', headers, body })
    expect(answer).toMatch(/^signature_(?:missing|refused): notion: /)
    expect(answer).not.toContain('canary')
  }
})

describe('zoom', () => {
  const crc = (plainToken: unknown, event = 'endpoint.url_validation') =>
    JSON.stringify({ event, event_ts: NOW, payload: { plainToken } })
  const env = { PROVIDER_SECRET: SECRET }
  const authenticator = (webhooks.zoom as unknown as Make)({ secret: 'PROVIDER_SECRET' })
  const deliver = async (body: string, secret = SECRET, now = NOW) => {
    const sent = await sign(webhooks.zoom, { secret, body, now })
    return authenticate(authenticator, sent, env)
  }

  test('answers a signed validation', async () => {
    const encryptedToken = hmac('qgg8vlvZRS6UYooatFL8Aw').digest('hex')
    expect(await deliver(crc('qgg8vlvZRS6UYooatFL8Aw'))).toMatchObject({
      value: {
        handshake: {
          status: 200,
          contentType: 'application/json',
          body: JSON.stringify({ plainToken: 'qgg8vlvZRS6UYooatFL8Aw', encryptedToken }),
        },
      },
    })
  })

  test('answers none that is unsigned, signed with another secret or too old', async () => {
    const ask = mounted(webhooks.zoom)
    expect(await ask({ method: 'POST', body: crc('abc') })).toBe(
      'signature_missing: zoom: x-zm-request-timestamp is missing',
    )
    expect(await deliver(crc('abc'), 'another secret')).toMatchObject({ ok: false })
    expect(await deliver(crc('abc'), SECRET, NOW - 6_001_000)).toMatchObject({ ok: false })
  })

  test.each([
    ['the signed text of a delivery', 'v0:1800000000:{}'],
    ['a text with a colon', 'v0:1'],
    ['an empty text', ''],
    ['129 characters', 'a'.repeat(129)],
    ['a number', 7],
    ['a list', ['a']],
    ['nothing', undefined],
  ])('signs no %s', async (_, plainToken) => {
    const result = await deliver(crc(plainToken))
    expect(result.ok && result.value.handshake).toBe(undefined)
  })

  test('takes a body without a payload, or of another event, for a delivery', async () => {
    for (const body of [
      '{"event":"endpoint.url_validation"}',
      '{"event":"endpoint.url_validation","payload":null}',
      crc('abc', 'meeting.started'),
    ]) {
      const result = await deliver(body)
      expect(result.ok && [result.value.handshake, result.value.replay?.kind]).toEqual([
        undefined,
        'delivery',
      ])
    }
  })

  test('knows a retry that is signed anew by its body, and lets the last one pass', async () => {
    const body = crc('abc', 'meeting.started')
    const first = await deliver(body, SECRET, NOW)
    const retry = await deliver(body, SECRET, NOW - 85 * 60_000)
    const digest = createHash('sha256').update(body).digest('hex')
    for (const result of [first, retry])
      expect(result.ok && result.value.replay).toEqual({
        kind: 'delivery',
        id: `digest:${digest}`,
        ttlMs: 6_325_000,
        floorMs: 6_325_000,
      })
  })
})
