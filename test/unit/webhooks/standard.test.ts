import { describe, expect, test } from 'vitest'
import { sign } from '../../../src/testing/index.ts'
import { standard } from '../../../src/webhooks/index.ts'
import { bytesOf, NOW, providers, verdict, withHeaders } from './deliveries.ts'

const provider = providers.standard
const [secret, otherSecret] = provider.secrets
const body = '{"type":"user.created","name":"Zoë"}'
const NAME = 'webhook-signature'
// Chosen so that the signature holds both letters in which the two base64 alphabets differ.
const id = idWithBothLetters()
const signed = await sign(standard, { secret, body, id, now: NOW * 1000 })
const header = signed.headers[NAME] ?? ''
const base64 = header.slice(3)
const decoy = (at: number) => `v1,${Buffer.alloc(32, at).toString('base64')}`

function idWithBothLetters(): string {
  for (let at = 0; ; at++) {
    const value = provider.forge({ secret, id: `msg_${at}`, body: bytesOf(body) })[NAME] ?? ''
    if (value.includes('+') && value.includes('/')) return `msg_${at}`
  }
}

const check = (headers: Record<string, string | undefined>) => verdict(provider, withHeaders(signed, headers))

test('accepts a delivery of which nothing was changed', async () => {
  expect(await check({})).toBe('accepted')
})

test.each(provider.signedHeaders)('says that %s is missing', async (name) => {
  expect(await check({ [name]: undefined })).toBe(`signature_missing: standard: ${name} is missing`)
})

/** The letter after the last one: the same 32 bytes to a decoder that drops the two unused bits. */
const withUnusedBits = () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const changed = `${base64.slice(0, 42)}${alphabet[alphabet.indexOf(base64.charAt(42)) + 1]}=`
  expect(Buffer.from(changed, 'base64')).toEqual(Buffer.from(base64, 'base64'))
  return `v1,${changed}`
}

test.each([
  ['an empty header', ''],
  ['the version alone', 'v1,'],
  ['no version', base64],
  ['an upper-case version', `V1,${base64}`],
  ['a space after the comma', `v1, ${base64}`],
  ['a tab between two signatures', `${header}\t${header}`],
  ['two spaces between two signatures', `${header}  ${header}`],
  ['a no-break space at the end', `${header}\xa0`],
  ['the header twice, joined as fetch joins them', `${header}, ${header}`],
  ['a comma between two signatures', `${header},${header}`],
  ['the url-safe alphabet', header.replaceAll('+', '-').replaceAll('/', '_')],
  ['missing padding', header.slice(0, -1)],
  ['too much padding', `${header}=`],
  ['unused trailing bits that are set', withUnusedBits()],
  ['one byte too few', `v1,${Buffer.from(base64, 'base64').subarray(1).toString('base64')}`],
  ['one byte too many', `v1,${Buffer.alloc(33).toString('base64')}`],
  ['a very long signature', `v1,${'AAAA'.repeat(10_000)}`],
  ['the signature in hex', `v1,${Buffer.from(base64, 'base64').toString('hex')}`],
  ['a letter outside ASCII', `v1,é${base64.slice(1)}`],
  ['a broken signature beside the right one', `v1,AAAA ${header}`],
  ['only a version that we do not know', `v2,${base64}`],
  ['only v1a, which is not symmetric', `v1a,${base64}`],
  ['two versions that we do not know', `v1a,${base64} v9,${base64}`],
  ['an item without a version beside the right one', `${header} ${base64}`],
])('refuses %s by its form', async (_, value) => {
  expect(await check({ [NAME]: value })).toBe(
    'signature_refused: standard: webhook-signature is not of its form',
  )
})

test.each([
  ['one changed letter', { [NAME]: `v1,${base64.startsWith('A') ? 'B' : 'A'}${base64.slice(1)}` }],
  ['a signature for another second', { 'webhook-timestamp': String(NOW + 1) }],
  ['a signature for another id', { 'webhook-id': `${id}0` }],
  ['the right signature under a version that we do not know', { [NAME]: `${decoy(1)} v2,${base64}` }],
])('refuses %s', async (_, headers) => {
  expect(await check(headers)).toBe('signature_refused: standard: no signature matches')
})

test.each([
  ['a body with one changed byte', body.replace('user', 'uses')],
  ['a re-encoded body', JSON.stringify(JSON.parse(body), null, 1)],
  ['an empty body', ''],
])('refuses %s', async (_, changed) => {
  expect(await verdict(provider, { ...signed, body: changed })).toMatch('no signature matches')
})

describe('several signatures, as while the sender rotates', () => {
  test.each([0, 3, 7])('accepts the right one at place %i of eight', async (place) => {
    const items = Array.from({ length: 8 }, (_, at) => (at === place ? header : decoy(at)))
    expect(await check({ [NAME]: items.join(' ') })).toBe('accepted')
    const asymmetric = Buffer.alloc(64, 1).toString('base64')
    expect(await check({ [NAME]: `v1a,${asymmetric} ${items.join(' ')} v9,x` })).toBe('accepted')
  })

  test('refuses nine, wherever the right one is', async () => {
    const decoys = Array.from({ length: 8 }, (_, at) => decoy(at))
    expect(await check({ [NAME]: [header, ...decoys].join(' ') })).toMatch('not of its form')
    expect(await check({ [NAME]: [...decoys, header].join(' ') })).toMatch('not of its form')
  })

  test('accepts a sender with two secrets, whichever of them is ours', async () => {
    const both = await sign(standard, { secret, alsoSecret: otherSecret, body, now: NOW * 1000 })
    expect(await verdict(provider, both, { secrets: [secret] })).toBe('accepted')
    expect(await verdict(provider, both, { secrets: [otherSecret] })).toBe('accepted')
  })
})

describe('ids', () => {
  const withId = (text: string) => ({
    headers: provider.forge({ secret, id: text, body: bytesOf(body) }),
    body,
  })

  test.each([
    ['a dot', 'msg.1'],
    ['a dot at the end', 'msg_1.'],
    ['a space', 'msg 1'],
    ['a tab', 'msg\t1'],
    ['257 characters', 'x'.repeat(257)],
    ['a letter outside ASCII', 'msg_é'],
    ['nothing in it', ''],
    ['the header twice, joined as fetch joins them', 'msg_1, msg_1'],
    ['a delete character', 'msg_\x7f'],
  ])('refuses an id with %s, although it is signed', async (_, text) => {
    expect(await verdict(provider, withId(text))).toMatch('webhook-id is not of its form')
  })

  test.each(['x', 'x'.repeat(256), 'msg_1-2:3/4+5=', '!~'])('accepts the id %s', async (text) => {
    expect(await verdict(provider, withId(text))).toBe('accepted')
  })

  test.each(['msg\n1', 'msg\r\n1', 'msg\x001'])(
    'an id with a line break or a zero byte never arrives',
    (text) => {
      expect(() => new Headers({ 'webhook-id': text })).toThrow(TypeError)
    },
  )

  test('refuses a boundary moved from the body into id and time', async () => {
    const whole = bytesOf(`${NOW}.{"amount":1}`)
    const sent = { headers: provider.forge({ secret, id: 'msg', body: whole }), body: whole }
    expect(await verdict(provider, sent)).toBe('accepted')
    const moved = withHeaders({ ...sent, body: '{"amount":1}' }, { 'webhook-id': `msg.${NOW}` })
    expect(await verdict(provider, moved)).toMatch('webhook-id is not of its form')
  })
})

describe('v1a, under a public key', async () => {
  const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair
  const raw = await crypto.subtle.exportKey('raw', pair.publicKey)
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', pair.privateKey)
  const publicKey = `whpk_${Buffer.from(raw).toString('base64')}`
  const privateKey = Buffer.from(pkcs8).toString('base64')
  const delivery = await sign(standard, { secret: publicKey, privateKey, body, id, now: NOW * 1000 })

  test('is accepted with that key alone', async () => {
    expect(delivery.headers[NAME]).toMatch(/^v1a,/)
    expect(await verdict(provider, delivery, { secrets: [publicKey] })).toBe('accepted')
    expect(await verdict(provider, delivery, { secrets: [secret] })).toMatch('no signature matches')
    expect(await verdict(provider, signed, { secrets: [publicKey] })).toMatch('no signature matches')
    expect(await verdict(provider, { ...delivery, body: `${body} ` }, { secrets: [publicKey] })).toMatch(
      'no signature matches',
    )
  })

  test('and v1 stand side by side while a sender changes from one to the other', async () => {
    const both = `${signed.headers[NAME]} ${delivery.headers[NAME]}`
    const sent = { ...signed, headers: { ...signed.headers, [NAME]: both } }
    expect(await verdict(provider, sent, { secrets: [secret, publicKey] })).toBe('accepted')
    expect(await verdict(provider, sent, { secrets: [publicKey] })).toBe('accepted')
  })

  test('made with the bytes of the public key as an HMAC secret is refused', async () => {
    const confused = await sign(standard, {
      secret: `whsec_${publicKey.slice(5)}`,
      body,
      id,
      now: NOW * 1000,
    })
    expect(await verdict(provider, confused, { secrets: [publicKey] })).toMatch('no signature matches')
  })
})
