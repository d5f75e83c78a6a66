import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../src/lib/json.ts'
import { queryFault } from '../../../src/lib/path.ts'
import { contentful, square, trello, twilio, type WebhookAuthenticator } from '../../../src/webhooks/index.ts'
import { querySpellings, withAndWithoutPort } from '../../../src/webhooks/url.ts'
import { type AnyProvider, authenticate, type Incoming, NOW, SECRET_NAME } from './every/providers.ts'

const SECRET = 'the-secret-of-these-tests'
const LIMITS = { maxDepth: 64, maxNodes: 1000 }
const env = { [SECRET_NAME]: SECRET }
const mac = (hash: string, text: string, encoding: 'base64' | 'hex') =>
  createHmac(hash, SECRET).update(text).digest(encoding)
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')

const mounted = (provider: unknown, options: object = {}) =>
  (provider as AnyProvider)({ secret: SECRET_NAME, ...options })

async function outcome(authenticator: WebhookAuthenticator, incoming: Incoming) {
  const result = await authenticate(authenticator, incoming, env)
  return result.ok ? 'accepted' : `${result.denial.code}: ${result.denial.reason}`
}

async function keyOf(authenticator: WebhookAuthenticator, incoming: Incoming) {
  const result = await authenticate(authenticator, incoming, env)
  return result.ok ? result.value.replay?.id : undefined
}

describe('twilio', () => {
  const url = 'https://gateway.test/hooks/sms'
  const form = (body: string, signs: string, at = url): Incoming => ({
    method: 'POST',
    url: at,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': mac('sha1', signs, 'base64'),
    },
    body,
  })

  test('repeated parameters are sorted and counted once', async () => {
    const sent = form('Media=b&Sid=1&Media=a&Media=b', `${url}MediaaMediabSid1`)
    expect(await outcome(mounted(twilio), sent)).toBe('accepted')
  })

  test.each([
    ['an escape in lower case', 'To=%2b1'],
    ['a space that is not escaped', 'To=a b'],
    ['a parameter without a value sign', 'To=%2B1&x'],
    ['two value signs', 'To=%2B1&x=='],
    ['an empty parameter', 'To=%2B1&'],
    ['a raw byte beyond ASCII', 'To=é'],
    ['a semicolon', 'To=%2B1;x=1'],
    ['1,001 parameters', Array.from({ length: 1001 }, (_, at) => `p${at}=1`).join('&')],
  ])('refuses a form in another spelling than a serializer’s: %s', async (_, body) => {
    const pairs = [...new URLSearchParams(body)].sort(([a], [b]) => (a < b ? -1 : 1))
    const sent = form(body, url + pairs.flat().join(''))
    expect(await outcome(mounted(twilio), sent)).toMatch(/^signature_refused: /)
  })

  test('a form that is cut elsewhere is the same delivery, as the entry says', async () => {
    const signs = `${url}AbC`
    const keys = await Promise.all(['A=bC', 'Ab=C'].map((body) => keyOf(mounted(twilio), form(body, signs))))
    expect(keys[0]).toMatch(/^digest:/)
    expect(keys[1]).toBe(keys[0])
  })

  test('the port, in every spelling that Twilio signs, and in no other', async () => {
    expect(withAndWithoutPort('https://a.test/p?q=1')).toEqual([
      'https://a.test/p?q=1',
      'https://a.test:443/p?q=1',
    ])
    expect(withAndWithoutPort('http://u:p@a.test:81/p')).toEqual([
      'http://u:p@a.test/p',
      'http://u:p@a.test:81/p',
    ])
    const accepted = await outcome(mounted(twilio), form('A=1', 'https://gateway.test:443/hooks/smsA1'))
    const refused = await outcome(mounted(twilio), form('A=1', 'https://gateway.test:8443/hooks/smsA1'))
    expect([accepted, refused]).toEqual(['accepted', 'signature_refused: twilio: no signature matches'])
  })

  test('a query has four spellings at most', () => {
    expect(querySpellings("https://a.test/p?a='+%27&b")).toEqual([
      "https://a.test/p?a='+%27&b",
      "https://a.test/p?a='+'&b",
      'https://a.test/p?a=%27+%27&b',
      "https://a.test/p?a='%20'&b=",
    ])
    expect(querySpellings('https://a.test/p')).toEqual(['https://a.test/p'])
    expect(querySpellings('https://a.test/p?%FF=1')).toEqual(['https://a.test/p?%FF=1'])
  })

  test('a signature of the URL alone does not stand for a body', async () => {
    const headers = { 'x-twilio-signature': mac('sha1', url, 'base64') }
    const at = (method: string, body: string) => outcome(mounted(twilio), { method, url, headers, body })
    expect(await at('GET', '')).toBe('accepted')
    expect(await at('GET', 'A=1')).toMatch(/^signature_refused/)
    expect(await at('POST', 'A=1')).toMatch(/^signature_refused/)
    expect(await at('POST', '{"a":1}')).toMatch(/^signature_refused/)
  })

  test('a digest in the URL is the body’s, once, and in lower case', async () => {
    const body = '{"a":1}'
    const at = (query: string, sentBody = body) =>
      outcome(mounted(twilio), {
        method: 'POST',
        url: url + query,
        headers: { 'x-twilio-signature': mac('sha1', url + query, 'base64') },
        body: sentBody,
      })
    const digest = sha256(body)
    expect(await at(`?bodySHA256=${digest}`)).toBe('accepted')
    expect(await at(`?bodySHA256=${digest}`, '{"a":2}')).toMatch(/^signature_refused/)
    expect(await at(`?bodySHA256=${digest.toUpperCase()}`)).toMatch(/^signature_refused/)
    expect(await at(`?bodySHA256=${digest}&bodySHA256=${digest}`)).toMatch(/^signature_refused/)
    expect(await at('?bodySHA256=')).toMatch(/^signature_refused/)
  })

  test('the option url replaces scheme, host and path, a user included, and the query as sent follows', async () => {
    const authenticator = mounted(twilio, { url: 'https://user:pass@public.test/twilio' })
    const sent = form('A=1', 'https://user:pass@public.test/twilio?x=%2FA1', `${url}?x=%2F`)
    expect(await outcome(authenticator, sent)).toBe('accepted')
    expect(await outcome(mounted(twilio), sent)).toMatch(/^signature_refused/)
  })
})

describe('a URL without a separator before the body', () => {
  const url = 'https://gateway.test/hooks'
  const body = '{"event_id":"e1","data":{}}'
  const split = (at: number, text: string) => ({ url: url + text.slice(0, at), body: text.slice(at) })

  test('cannot give its end to the body, nor take the body’s beginning', async () => {
    const text = `?tenant=1${body}`
    const headers = { 'x-square-hmacsha256-signature': mac('sha256', url + text, 'base64') }
    const accepted: number[] = []
    for (let at = 0; at <= text.length; at++) {
      const parts = split(at, text)
      const result = await outcome(mounted(square), { method: 'POST', headers, ...parts })
      if (result === 'accepted') accepted.push(at)
    }
    // Where Square cut it; inside, where what is left is no JSON; and at its end, with quotes in a query, which receive refuses.
    expect(accepted).toEqual([9, text.indexOf('{}'), text.length])
    expect(parseJson(Buffer.from('{}}'), LIMITS, { exactNumbers: false }).ok).toBe(false)
    for (const at of accepted.slice(1)) expect(queryFault(text.slice(0, at))).toBe('character')
  })

  test('square: the event’s id is the key', async () => {
    const headers = { 'x-square-hmacsha256-signature': mac('sha256', url + body, 'base64') }
    expect(await keyOf(mounted(square), { method: 'POST', url, headers, body })).toBe('id:e1')
  })
})

describe('trello', () => {
  const url = 'https://gateway.test/hooks/trello'

  test('the HEAD of a new webhook is answered here, and nothing else without a signature', async () => {
    const at = (method: string) => authenticate(mounted(trello), { method, url, headers: {}, body: '' }, env)
    expect(await at('HEAD')).toMatchObject({ ok: true, value: { handshake: { status: 200 } } })
    for (const method of ['GET', 'POST', 'head', 'OPTIONS'])
      expect(await at(method)).toMatchObject({ ok: false, denial: { code: 'signature_missing' } })
  })

  test('one action of two webhooks on one URL is two deliveries', async () => {
    const keys = ['board', 'card'].map((model) => {
      const body = JSON.stringify({ action: { id: 'a1' }, model: { id: model } })
      const headers = { 'x-trello-webhook': mac('sha1', body + url, 'base64') }
      return keyOf(mounted(trello), { method: 'POST', url, headers, body })
    })
    const [board, card] = await Promise.all(keys)
    expect(board).toMatch(/^digest:/)
    expect(card).not.toBe(board)
  })
})

describe('contentful', () => {
  const url = 'https://gateway.test/hooks/contentful'
  const list = 'x-contentful-signed-headers'
  const time = 'x-contentful-timestamp'

  function sent(names: string, more: Record<string, string> = {}, target = '/hooks/contentful'): Incoming {
    const headers: Record<string, string> = { [list]: names, [time]: String(NOW), ...more }
    const values = names.split(',').map((name) => `${name}:${headers[name]?.trim()}`)
    const text = ['POST', target, values.join(';'), '{}'].join('\n')
    headers['x-contentful-signature'] = mac('sha256', text, 'hex')
    return { method: 'POST', url, headers, body: '{}' }
  }

  test('takes the two headers that have to be signed, and others beside them', async () => {
    expect(await outcome(mounted(contentful), sent(`${list},${time}`))).toBe('accepted')
    const topic = { 'x-contentful-topic': ' ContentManagement.Entry.publish ' }
    const names = `${list},${time},x-contentful-topic`
    expect(await outcome(mounted(contentful), sent(names, topic))).toBe('accepted')
  })

  const many = Array.from({ length: 31 }, (_, at) => `a${String(at).padStart(2, '0')}`)
  test.each([
    ['without the list', time],
    ['without the time', list],
    ['with a name twice', `${list},${list},${time}`],
    ['in another order', `${time},${list}`],
    ['with a name in upper case', `X-Shop,${list},${time}`],
    ['with a space', `${list}, ${time}`],
    ['with an empty name', `,${list},${time}`],
    ['with a header that is not there', `${list},${time},x-shop`],
    ['of 33 names', [...many, list, time].join(',')],
  ])('refuses a list %s', async (_, names) => {
    const headers = names.includes('a30') ? Object.fromEntries(many.map((name) => [name, '1'])) : {}
    expect(await outcome(mounted(contentful), sent(names, headers))).toBe(
      `signature_refused: contentful: ${list} is not of its form`,
    )
  })

  test('refuses a second question mark, since Contentful signs nothing behind it', async () => {
    const target = `/hooks/contentful?${encodeURIComponent(encodeURIComponent('a=1'))}`
    const incoming = sent(`${list},${time}`, {}, target)
    expect(await outcome(mounted(contentful), { ...incoming, url: `${url}?a=1` })).toBe('accepted')
    expect(await outcome(mounted(contentful), { ...incoming, url: `${url}?a=1?b=2` })).toMatch(
      /what is signed is not of its form$/,
    )
  })
})
