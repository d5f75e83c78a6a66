import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type HmacWebhookOptions, hmacWebhook } from '../../../src/webhooks/index.ts'
import { authenticate, NOW, verdict } from './every/providers.ts'

const secret = 'a secret of the sender'
const env = { STANDARD_WEBHOOK_SECRET: secret }
const base: HmacWebhookOptions = {
  name: 'acme',
  secret: 'STANDARD_WEBHOOK_SECRET',
  signature: { header: 'x-acme-signature', form: '{hex}' },
  signs: '{body}',
}
const body = '{"event":{"id":"e-1"},"name":"Zoë"}'
const url = 'https://gateway.test/webhooks/acme'
const mac = (text: string, key: string | Buffer = secret, hash = 'sha256') =>
  createHmac(hash, key).update(text)
const sent = (headers: Record<string, string>, more: Partial<{ body: string; url: string }> = {}) => ({
  method: 'POST',
  url,
  body,
  ...more,
  headers,
})
const seconds = String(NOW / 1000)

describe('a described scheme', () => {
  test('of the body alone', async () => {
    const check = hmacWebhook(base)
    const good = sent({ 'x-acme-signature': mac(body).digest('hex') })
    expect(await verdict(check, good, env)).toBe('accepted')
    expect(await verdict(check, { ...good, body: `${body} ` }, env)).toBe(
      'signature_refused: acme: no signature matches',
    )
    expect(await verdict(check, sent({}), env)).toBe('signature_missing: acme: x-acme-signature is missing')
  })

  test('of time and body in a list, with an id in the body', async () => {
    const check = hmacWebhook({
      ...base,
      signature: { header: 'x-acme-signature', form: 'v1={base64}', list: ',' },
      time: { item: 't=', tolerance: '1 m' },
      signs: '{time}.{body}',
      bodyId: 'event.id',
    })
    const header = (time: string) => ({
      'x-acme-signature': `t=${time},v1=${mac(`${time}.${body}`).digest('base64')}`,
    })
    const result = await authenticate(check, sent(header(seconds)), env)
    expect(result).toMatchObject({
      ok: true,
      value: {
        principal: { id: 'acme|STANDARD_WEBHOOK_SECRET', covers: 'body' },
        replay: { id: 'id:e-1', floorMs: 145_000 },
      },
    })
    expect(await verdict(check, sent(header(String(NOW / 1000 - 61))), env)).toMatch('too old')
    expect(await verdict(check, sent(header(String(NOW))), env)).toMatch('is not of its form')
  })

  test('of id, time in milliseconds, method and URL, by SHA-1 under a key in hex', async () => {
    const check = hmacWebhook({
      ...base,
      key: 'hex',
      hash: 'SHA-1',
      idHeader: 'x-acme-id',
      time: { header: 'x-acme-time', unit: 'ms' },
      signs: '{method} {url} {id} {time}\n{body}',
    })
    const key = Buffer.alloc(20, 7)
    const signed = mac(`POST ${url}?a=1 d-1 ${NOW}\n${body}`, key, 'sha1').digest('hex')
    const headers = { 'x-acme-id': 'd-1', 'x-acme-time': String(NOW), 'x-acme-signature': signed }
    const bindings = { STANDARD_WEBHOOK_SECRET: key.toString('hex') }
    expect(await verdict(check, sent(headers, { url: `${url}?a=1` }), bindings)).toBe('accepted')
    expect(await verdict(check, sent(headers, { url: `${url}?a=2` }), bindings)).toMatch(
      'no signature matches',
    )
    expect(await verdict(check, sent(headers, { url: `${url}?a=1` }), env)).toMatch('not_configured')
  })

  test('with an unsigned event takes the declared ones alone', async () => {
    const check = hmacWebhook({ ...base, topicHeader: 'x-acme-event', events: ['made'] })
    const headers = { 'x-acme-signature': mac(body).digest('hex') }
    expect(await verdict(check, sent({ ...headers, 'x-acme-event': 'made' }), env)).toBe('accepted')
    expect(await verdict(check, sent({ ...headers, 'x-acme-event': 'ended' }), env)).toMatch(
      'event_not_declared',
    )
  })

  test('says what the sender wants: a refusal status, its answer, its patience', async () => {
    const check = hmacWebhook({
      ...base,
      refusalStatus: 498,
      acknowledgement: { status: 202 },
      timeout: '3 s',
      content: [{ mediaType: 'application/x-www-form-urlencoded', syntax: 'form' }],
    })
    expect(check).toMatchObject({ name: 'acme', timeoutMs: 3000, content: [{ syntax: 'form' }] })
    expect(await authenticate(check, sent({}), env)).toMatchObject({ denial: { status: 498 } })
    const good = sent({ 'x-acme-signature': mac(body).digest('hex') })
    expect(await authenticate(check, good, env)).toMatchObject({
      value: { acknowledgement: { status: 202 } },
    })
  })
})

test.each([
  ['{body}', {}],
  ['{id}.{time}.{body}', { idHeader: 'i', time: { header: 't' } }],
  ['v0:{time}:{body}', { time: { header: 't' } }],
  ['{time}{body}', { time: { header: 't' } }],
  ['{method} {url}\n{body}', {}],
  ['{body}\n{url}', {}],
  ['{body}.{id}', { idHeader: 'i' }],
])('takes %j, which can be read in one way alone', (signs, more) => {
  expect(() => hmacWebhook({ ...base, ...more, signs })).not.toThrow()
})

test('remembers a delivery as long as the sender tries, where no time is signed', async () => {
  const check = hmacWebhook({ ...base, redelivery: { automatic: true, horizonSeconds: 60 * 86_400 } })
  const good = sent({ 'x-acme-signature': mac(body).digest('hex') })
  expect(await authenticate(check, good, env)).toMatchObject({
    value: { replay: { ttlMs: 60 * 86_400_000 } },
  })
})

const wrong: [string, Record<string, unknown>, string][] = [
  ['a misspelt option', { sign: '{body}' }, 'acme: sign: is not an option'],
  ['no name', { name: undefined }, 'hmacWebhook: name: is missing'],
  ['a name with a space', { name: 'a b' }, "name: is 'a b'"],
  [
    'no secret',
    { secret: undefined },
    'acme: secret: is missing; name the Worker secret that holds the secret as text',
  ],
  ['no signature', { signature: undefined }, 'signature: is missing'],
  [
    'a header with capitals',
    { signature: { header: 'X-Sig', form: '{hex}' } },
    "signature.header: is 'X-Sig'",
  ],
  ['a form without a place', { signature: { header: 'x', form: 'sha256=' } }, 'signature.form: '],
  ['a form with text behind the place', { signature: { header: 'x', form: '{hex};' } }, 'signature.form: '],
  ['an unknown separator', { signature: { header: 'x', form: '{hex}', list: '|' } }, 'signature.list'],
  ['an unknown hash', { hash: 'MD5' }, "hash: 'MD5' is not known"],
  [
    'a signature that does not cover the body',
    { signs: '{time}', time: { header: 't' } },
    'signs: does not hold {body}',
  ],
  ['the body twice', { signs: '{body}{body}' }, 'signs: does not hold {body} once'],
  ['an unknown place', { signs: '{nonce}.{body}' }, "signs: '{nonce}' is not known"],
  ['an id that runs into the body', { signs: '{id}{body}', idHeader: 'i' }, 'signs: could be cut'],
  [
    'an id that ends with a colon, which ids have',
    { signs: '{id}:{time}:{body}', idHeader: 'i', time: { header: 't' } },
    'signs: could be cut',
  ],
  ['an id behind a body that does not end', { signs: '{body}{id}', idHeader: 'i' }, 'signs: could be cut'],
  ['an id behind a body and a letter', { signs: '{body}-{id}', idHeader: 'i' }, 'signs: could be cut'],
  ['a URL that ends with a dot, which queries have', { signs: '{url}.{body}' }, 'signs: could be cut'],
  ['a URL behind a body', { signs: '{body}.{url}' }, 'signs: could be cut'],
  ['a method that runs into the URL', { signs: '{method}{url}\n{body}' }, 'signs: could be cut'],
  [
    'a horizon of 500 days',
    { redelivery: { automatic: true, horizonSeconds: 500 * 86_400 } },
    'redelivery.horizonSeconds: is',
  ],
  ['no horizon', { redelivery: { automatic: true } }, 'redelivery.horizonSeconds: is missing'],
  ['a success that is none', { acknowledgement: { status: 700 } }, 'acknowledgement.status: is 700'],
  ['an id path that is a number', { bodyId: 5 }, 'bodyId: is 5'],
  ['a time that is not signed', { time: { header: 't' } }, 'time: and {time} in signs belong together'],
  ['a signed time that stands nowhere', { signs: '{time}.{body}' }, 'time: and {time} in signs'],
  [
    'a time in two places',
    { signs: '{time}.{body}', time: { header: 't', item: 't=' } },
    'time: needs one of',
  ],
  [
    'an item without a list',
    { signs: '{time}.{body}', time: { item: 't=' } },
    'time.item: needs signature.list',
  ],
  ['an id that is not signed', { idHeader: 'x-id' }, 'idHeader: and {id} in signs'],
  [
    'a tolerance of a year',
    { signs: '{time}.{body}', time: { header: 't', tolerance: '365 d' } },
    'time.tolerance',
  ],
  ['events without their header', { events: ['a'] }, 'events: says nothing without topicHeader'],
  ['a header for events without events', { topicHeader: 'x-e' }, 'events: is missing'],
  ['a success as refusal', { refusalStatus: 200 }, 'refusalStatus: is 200'],
  ['a timeout without a unit', { timeout: '10' }, 'timeout: is not a duration'],
]

test.each(wrong)('stops the load for %s', (_, changes, message) => {
  const options = { ...base, ...changes } as HmacWebhookOptions
  expect(() => hmacWebhook(options)).toThrow(TypeError)
  expect(() => hmacWebhook(options)).toThrow(message)
})
