import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { sign } from '../../../src/testing/index.ts'
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

test('carries its scheme, so that what is described is signed as the sender does', async () => {
  const acme = hmacWebhook({
    ...base,
    signature: { header: 'x-acme-signature', form: 'v1={base64}', list: ',' },
    time: { item: 't=' },
    idHeader: 'x-acme-id',
    topicHeader: 'x-acme-event',
    events: ['made'],
    signs: '{id}.{time}.{body}',
  })
  const delivery = await sign(acme, { secret, body, event: 'made', id: 'd-1', now: NOW })
  const expected = mac(`d-1.${seconds}.${body}`).digest('base64')
  expect(delivery.headers['x-acme-signature']).toBe(`t=${seconds},v1=${expected}`)
  expect(await verdict(acme, delivery, env)).toBe('accepted')
  expect(await verdict(acme, { ...delivery, body: `${body} ` }, env)).toMatch('no signature matches')
  const foreign = await sign(acme, { secret: 'another one', body, event: 'made', now: NOW })
  expect(await verdict(acme, foreign, env)).toMatch('no signature matches')
})

test('takes an answer with all of its parts', () => {
  const acknowledgement = { status: 202, contentType: 'text/plain', body: 'ok', headers: { 'x-a': 'b c' } }
  expect(hmacWebhook({ ...base, acknowledgement }).scheme).toMatchObject({ name: 'acme', acknowledgement })
})

test('remembers a delivery as long as the sender tries, where no time is signed', async () => {
  const check = hmacWebhook({ ...base, redelivery: { automatic: true, horizonSeconds: 60 * 86_400 } })
  const good = sent({ 'x-acme-signature': mac(body).digest('hex') })
  expect(await authenticate(check, good, env)).toMatchObject({
    value: { replay: { ttlMs: 60 * 86_400_000 } },
  })
})
