import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Acknowledgement } from '../../../src/contract.ts'
import { acknowledge } from '../../../src/stages/acknowledge.ts'
import * as webhooks from '../../../src/webhooks/index.ts'
import { hmac, type Make, mounted, plain, query, SECRET } from './handshakes.ts'

describe('dropbox', () => {
  const ask = mounted(webhooks.dropbox)
  const REFUSED = 'signature_refused: dropbox: the handshake is refused'

  test('gives the challenge back as plain text that no browser takes for anything else', async () => {
    const answer = await ask(query('challenge=Ab-9_.~'))
    expect(answer).toEqual(plain('Ab-9_.~'))
    const { headers } = acknowledge(answer as Acknowledgement, {})
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await ask(query(`challenge=${'a'.repeat(256)}`))).toEqual(plain('a'.repeat(256)))
  })

  test.each([
    ['no challenge', 'other=1'],
    ['an empty one', 'challenge='],
    ['two', 'challenge=a&challenge=a'],
    ['markup', 'challenge=%3Cscript%3E'],
    ['a line break', 'challenge=a%0d%0ab'],
    ['a space', 'challenge=a+b'],
    ['a byte beyond ASCII', 'challenge=%C3%A9'],
    ['257 characters', `challenge=${'a'.repeat(257)}`],
    ['a query over 2,048 characters', `challenge=a&fill=${'a'.repeat(2048)}`],
  ])('refuses %s', async (_, text) => {
    expect(await ask(query(text))).toBe(REFUSED)
  })

  test('takes no POST for a handshake', async () => {
    expect(await ask({ ...query('challenge=abc'), method: 'POST' })).toBe(
      'signature_missing: dropbox: x-dropbox-signature is missing',
    )
  })
})

describe('meta', () => {
  const TOKEN = 'verify+token of ours'
  const options = { verifyToken: 'VERIFY' }
  const ask = mounted(webhooks.meta, options, { VERIFY: TOKEN })
  const good = {
    'hub.mode': 'subscribe',
    'hub.challenge': '1158201444',
    'hub.verify_token': TOKEN,
  }
  const asked = (changes: Record<string, string>) =>
    query(String(new URLSearchParams({ ...good, ...changes })))
  const REFUSED = 'signature_refused: meta: the handshake is refused'

  test('gives the challenge back to who knows the verify token', async () => {
    expect(await ask(asked({}))).toEqual(plain('1158201444'))
  })

  test.each([
    ['another token', asked({ 'hub.verify_token': `${TOKEN}x` })],
    ['an empty token', asked({ 'hub.verify_token': '' })],
    ['the app secret as token', asked({ 'hub.verify_token': SECRET })],
    ['another mode', asked({ 'hub.mode': 'unsubscribe' })],
    ['a challenge that is no number', asked({ 'hub.challenge': '<b>' })],
    ['a challenge of 65 digits', asked({ 'hub.challenge': '1'.repeat(65) })],
    ['two tokens', { url: `${asked({}).url}&hub.verify_token=x` }],
    ['two challenges', { url: `${asked({}).url}&hub.challenge=2` }],
    ['two modes', { url: `${asked({}).url}&hub.mode=subscribe` }],
    ['no parameters', {}],
    ['a query over 2,048 characters', { url: `${asked({}).url}&fill=${'a'.repeat(2048)}` }],
  ])('refuses %s', async (_, request) => {
    expect(await ask(request)).toBe(REFUSED)
  })

  test('refuses every handshake while the verify token is not set', async () => {
    const unset = mounted(webhooks.meta, options, { VERIFY: '' })
    expect(await unset(asked({}))).toBe(REFUSED)
    expect(await unset(asked({ 'hub.verify_token': '' }))).toBe(REFUSED)
  })

  test('names its verify token among the secrets, and takes neither none nor the app secret', () => {
    const make = webhooks.meta as unknown as Make
    expect(make({ secret: 'A', verifyToken: 'B' }).secrets).toEqual(['A', 'B'])
    expect(() => make({ secret: 'A' })).toThrow(/^meta: verifyToken: is missing; name the Worker secret/)
    expect(() => make({ secret: 'A', verifyToken: 'A' })).toThrow(/^meta: verifyToken: is the app secret/)
  })
})

describe('x-twitter', () => {
  const ask = mounted(webhooks.xTwitter)
  const REFUSED = 'signature_refused: x-twitter: the handshake is refused'
  const answerTo = (token: string, secret = SECRET) => ({
    status: 200,
    contentType: 'application/json',
    body: `{"response_token":"sha256=${hmac(token, secret).digest('base64')}"}`,
  })

  test.each(['NTk0YTAyZmMtYzM2OA==', 'a+b/c', 'a-b_c', 'a'.repeat(256)])(
    'answers the check %#',
    async (token) => {
      const text = `crc_token=${encodeURIComponent(token)}&nonce=x`
      expect(await ask(query(text))).toEqual(answerTo(token))
    },
  )

  test('answers with the current secret while there are two', async () => {
    const two = mounted(webhooks.xTwitter, {}, { PROVIDER_SECRET_NEXT: 'the next secret' })
    expect(await two(query('crc_token=abc'))).toEqual(answerTo('abc'))
  })

  test.each([
    ['a JSON object', '{"for_user_id":"1"}'],
    ['a JSON list', '[1]'],
    ['a JSON text', '"a"'],
    ['a form', 'a=b'],
    ['a form of two', 'a=b&c=d'],
    ['a text with a line break', 'a\nb'],
    ['a signed query', 'crc_token=a'],
    ['an empty text', ''],
    ['a text of 257 characters', 'a'.repeat(257)],
    ['a text with a dot', '1.5'],
    ['a text with a colon', 'v0:1:a'],
  ])('signs no %s', async (_, token) => {
    expect(await ask(query(`crc_token=${encodeURIComponent(token)}`))).toBe(REFUSED)
  })

  test.each([
    ['two tokens', 'crc_token=a&crc_token=a'],
    ['no token', 'nonce=a'],
    ['a query over 2,048 characters', `crc_token=a&nonce=${'a'.repeat(2048)}`],
  ])('refuses %s', async (_, text) => {
    expect(await ask(query(text))).toBe(REFUSED)
  })

  test('refuses as a delivery whatever it would sign: numbers, words and lists are no objects', async () => {
    for (const body of ['123', 'true', 'null', 'abc', 'a=', '[1]', '"a"', ' {}', '']) {
      const headers = { 'x-twitter-webhooks-signature': `sha256=${hmac(body).digest('base64')}` }
      expect(await ask({ method: 'POST', headers, body })).toBe(
        'signature_refused: x-twitter: what is signed is not of its form',
      )
    }
  })

  test('gives no check to a route without a secret', async () => {
    const unset = mounted(webhooks.xTwitter, {}, { PROVIDER_SECRET: '' })
    expect(await unset(query('crc_token=abc'))).toBe(REFUSED)
  })
})

describe('fastly-logging', () => {
  const url = 'https://gateway.test/.well-known/fastly/logging/challenge'
  const digest = (id: string) => createHash('sha256').update(id).digest('hex')
  const MISSING = 'signature_missing: fastly-logging: authorization is missing'

  test('answers with the digest of each service on a line of its own', async () => {
    const one = mounted(webhooks.fastlyLogging, { serviceId: 'ServiceOne1' })
    expect(await one({ url })).toEqual(plain(`${digest('ServiceOne1')}\n`))
    const two = mounted(webhooks.fastlyLogging, { serviceId: ['ServiceOne1', 'ServiceTwo2'] })
    expect(await two({ url: `${url}?x=1` })).toEqual(
      plain(`${digest('ServiceOne1')}\n${digest('ServiceTwo2')}\n`),
    )
  })

  test('answers nowhere else, and no other method', async () => {
    const ask = mounted(webhooks.fastlyLogging, { serviceId: 'ServiceOne1' })
    expect(await ask({})).toBe(MISSING)
    expect(await ask({ url: 'https://gateway.test/x/.well-known/fastly/logging/challenge' })).toBe(MISSING)
    expect(await ask({ url, method: 'POST' })).toBe(MISSING)
    expect(await ask({ url, method: 'HEAD' })).toBe(MISSING)
  })

  test.each([[undefined], ['*'], [[]], [['a', '*']], ['a b'], [''], [7]])(
    'does not load with the service %j',
    (serviceId) => {
      const make = webhooks.fastlyLogging as unknown as Make
      expect(() => make({ secret: 'A', serviceId })).toThrow(
        /^fastly-logging: serviceId: is not a service's id/,
      )
    },
  )
})

test('intercom: HEAD is answered with nothing, GET has to be signed', async () => {
  const ask = mounted(webhooks.intercom)
  expect(await ask({ method: 'HEAD' })).toEqual({ status: 200 })
  expect(await ask({ method: 'GET' })).toBe('signature_missing: intercom: x-hub-signature is missing')
})
