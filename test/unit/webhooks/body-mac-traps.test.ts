import { describe, expect, test } from 'vitest'
import { filled } from '../../../src/testing/sample.ts'
import * as webhooks from '../../../src/webhooks/index.ts'
import { bodyMacs, mac, NEXT, posted, proven, routeOf, SECRET, signedBy } from './body-macs.ts'
import { type AnyProvider, NOW, SECRET_NAME, verdict } from './every/providers.ts'

const HOUR_MS = 3_600_000

describe('zendesk', () => {
  const provider = webhooks.zendesk as unknown as AnyProvider
  const known = 'dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=='

  test('never takes the public secret of test requests, in either slot', async () => {
    const sent = await signedBy(provider, '{}', SECRET)
    const message = filled('{{iso}}', NOW)
    const forged = posted(
      {
        'x-zendesk-webhook-signature': mac('sha256', known, `${message}{}`).toString('base64'),
        'x-zendesk-webhook-signature-timestamp': message,
      },
      '{}',
    )
    for (const env of [{ [SECRET_NAME]: known }, { [`${SECRET_NAME}_NEXT`]: known }]) {
      const alone = await proven(provider, forged, {}, env)
      expect(alone).toMatchObject({ ok: false, denial: { code: 'not_configured' } })
    }
    const beside = { [SECRET_NAME]: known, [`${SECRET_NAME}_NEXT`]: SECRET }
    expect(await verdict(routeOf(provider), forged, beside)).toBe(
      'signature_refused: zendesk: no signature matches',
    )
    const good = await proven(provider, sent, {}, beside)
    expect(good).toMatchObject({ ok: true, value: { notes: { secretSlot: 'next' } } })
    expect(good.ok && good.value.warnings).toHaveLength(1)
  })

  test.each([
    ['Unix seconds', '1800000000'],
    ['no zone', '2027-01-15T08:00:00'],
    ['a lower-case z', '2027-01-15T08:00:00z'],
    ['a space for the T', '2027-01-15 08:00:00Z'],
    ['a part of the body behind it', '2027-01-15T08:00:00Z{'],
    ['a day that is none', '2027-02-31T99:00:00Z'],
  ])('refuses a signed time with %s', async (_, time) => {
    const signature = mac('sha256', SECRET, `${time}{}`).toString('base64')
    const headers = {
      'x-zendesk-webhook-signature': signature,
      'x-zendesk-webhook-signature-timestamp': time,
    }
    expect(await verdict(routeOf(provider), posted(headers, '{}'), { [SECRET_NAME]: SECRET })).toBe(
      'signature_refused: zendesk: x-zendesk-webhook-signature-timestamp is not of its form',
    )
  })
})

describe('linear', () => {
  const provider = webhooks.linear as unknown as AnyProvider
  const raw = (body: string) =>
    posted(
      {
        'linear-signature': mac('sha256', SECRET, body).toString('hex'),
        'linear-timestamp': String(NOW),
      },
      body,
    )

  test.each([
    ['no time', '{}'],
    ['a time as text', `{"webhookTimestamp":"${NOW}"}`],
    ['seconds', `{"webhookTimestamp":${NOW / 1000}}`],
    ['a fraction', `{"webhookTimestamp":${NOW}.5}`],
    ['a negative time', `{"webhookTimestamp":-${NOW}}`],
    ['a time of another object', `{"data":{"webhookTimestamp":${NOW}}}`],
    ['an array', `[{"webhookTimestamp":${NOW}}]`],
    ['no JSON', `webhookTimestamp=${NOW}`],
  ])('refuses a signed body with %s, whatever the header says', async (_, body) => {
    expect(await verdict(routeOf(provider), raw(body), { [SECRET_NAME]: SECRET })).toBe(
      'signature_refused: linear: webhookTimestamp is not of its form',
    )
  })

  test('takes retries that keep their time, where the route says so', async () => {
    const sent = await signedBy(provider, '{}')
    const env = { [SECRET_NAME]: SECRET }
    const late = NOW + 6 * HOUR_MS
    expect(await verdict(routeOf(provider), sent, env, late)).toMatch(/the signed time is too old$/)
    expect(await verdict(routeOf(provider, { tolerance: '7 h' }), sent, env, late)).toBe('accepted')
    const early = NOW - 301_000
    expect(await verdict(routeOf(provider, { tolerance: '7 h' }), sent, env, early)).toMatch(/too far ahead$/)
  })
})

describe('handshakes', () => {
  test.each([
    ['xero', webhooks.xero, '{"events":[],"lastEventSequence":0,"firstEventSequence":0,"entropy":"a"}'],
    ['line', webhooks.line, '{"destination":"U0","events":[]}'],
  ] as const)('of %s are answered only where they are signed', async (_, given, body) => {
    const provider = given as unknown as AnyProvider
    const sent = await signedBy(provider, body)
    expect(await proven(provider, sent)).toMatchObject({ ok: true, value: { handshake: { status: 200 } } })
    const event = await proven(provider, await signedBy(provider, body.replace('[]', '[{}]')))
    expect(event.ok && event.value.handshake).toBe(undefined)
    const wrong = await proven(provider, await signedBy(provider, body, NEXT))
    expect(wrong).toMatchObject({ ok: false, denial: { code: 'signature_refused' } })
    expect(!wrong.ok && wrong.denial.status).toBe(undefined)
  })

  test('xero gets bare answers, and nobody else of these', () => {
    const bare = bodyMacs.filter(([, { scheme }]) => scheme.bareAnswers).map(([name]) => name)
    expect(bare).toEqual(['xero'])
  })
})

describe('woocommerce', () => {
  const provider = webhooks.woocommerce as unknown as AnyProvider
  const options = { events: ['order.created', 'order.updated'] }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const ping = (headers: Record<string, string>, body: string, method = 'POST') =>
    proven(provider, { ...posted(headers, body), method }, options)

  test.each([form, { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }])(
    'answers the unsigned ping (%o) and claims nothing',
    async (headers) => {
      const result = await ping(headers, 'webhook_id=142')
      expect(result).toMatchObject({ ok: true, value: { handshake: { status: 200 } } })
      expect(result.ok && result.value.replay).toBe(undefined)
    },
  )

  test.each([
    ['no number', form, 'webhook_id='],
    ['zero', form, 'webhook_id=0'],
    ['a negative number', form, 'webhook_id=-1'],
    ['a number without end', form, `webhook_id=${'1'.repeat(21)}`],
    ['a member more', form, 'webhook_id=1&status=paid'],
    ['the member twice', form, 'webhook_id=1&webhook_id=1'],
    ['another member', form, 'id=1'],
    ['a line break', form, 'webhook_id=1\n'],
    ['nothing', form, ''],
    ['a megabyte', form, `webhook_id=1${' '.repeat(1_048_576)}`],
    ['JSON', { 'content-type': 'application/json' }, 'webhook_id=1'],
    ['a type of a longer name', { 'content-type': 'application/x-www-form-urlencodedx' }, 'webhook_id=1'],
    ['a signature', { ...form, 'x-wc-webhook-signature': 'AA==' }, 'webhook_id=1'],
  ])('refuses a ping with %s', async (_, headers, body) => {
    const result = await ping(headers as Record<string, string>, body)
    expect(!result.ok && result.denial.code).toMatch(/^signature_(?:refused|missing)$/)
  })

  test('refuses a ping by GET', async () => {
    const result = await ping(form, 'webhook_id=1', 'GET')
    expect(result).toMatchObject({ ok: false, denial: { code: 'signature_missing' } })
  })
})

describe('keys and statuses', () => {
  test('gocardless gets 498 for a signature that is wrong or missing, and not where no secret is set', async () => {
    const provider = webhooks.gocardless as unknown as AnyProvider
    const wrong = await signedBy(provider, '{}', NEXT)
    const denied = { ok: false, denial: { status: 498 } }
    expect(await proven(provider, wrong)).toMatchObject(denied)
    expect(await proven(provider, posted({}, '{}'))).toMatchObject(denied)
    const unset = await proven(provider, wrong, {}, {})
    expect(unset).toMatchObject({ ok: false, denial: { code: 'not_configured' } })
    expect(!unset.ok && unset.denial.status).toBe(undefined)
  })

  test('razorpay: the old secret in the second slot still takes retries of older events', async () => {
    const provider = webhooks.razorpay as unknown as AnyProvider
    const env = { [SECRET_NAME]: NEXT, [`${SECRET_NAME}_NEXT`]: SECRET }
    for (const [secret, secretSlot] of [
      [NEXT, 'current'],
      [SECRET, 'next'],
    ] as const) {
      const result = await proven(provider, await signedBy(provider, '{}', secret), {}, env)
      expect(result).toMatchObject({ ok: true, value: { notes: { secretSlot } } })
    }
  })

  test.each([
    ['airtable', webhooks.airtable, 'not base64!'],
    ['airtable', webhooks.airtable, 'YWI'],
    ['adyen-platform', webhooks.adyenPlatform, 'not hex'],
    ['adyen-platform', webhooks.adyenPlatform, 'abc'],
    ['ably', webhooks.ably, 'xVLyHw.vq0YEA:'],
  ] as const)('%s: a secret of another form (%#) is a fault of the configuration', async (_, given, text) => {
    const provider = given as unknown as AnyProvider
    const { signature } = (provider.scheme.proof as unknown as { by: { signature: { header: string } } }).by
    const prefix = given === webhooks.airtable ? 'hmac-sha256=' : ''
    const encoding = given === webhooks.airtable ? 'hex' : 'base64'
    const headers = { [signature.header]: prefix + mac('sha256', text, '{}').toString(encoding) }
    expect(await proven(provider, posted(headers, '{}'), {}, { [SECRET_NAME]: text })).toMatchObject({
      ok: false,
      denial: { code: 'not_configured' },
    })
  })

  test('ably: the whole API key and its part after the colon are one secret', async () => {
    const provider = webhooks.ably as unknown as AnyProvider
    const sent = await signedBy(provider, '{}', 'xVLyHw.vq0YEA:the-part')
    for (const text of ['xVLyHw.vq0YEA:the-part', 'the-part', 'another.key:the-part']) {
      expect(await verdict(routeOf(provider), sent, { [SECRET_NAME]: text })).toBe('accepted')
    }
  })
})
