import { expect, test } from 'vitest'
import { providers, verdict, withHeaders } from './deliveries.ts'

const provider = providers.shopify
const NAME = 'x-shopify-hmac-sha256'
const body = '{"id":820982911,"name":"Zoë"}'
// Chosen so that the signature holds both letters in which the two base64 alphabets differ.
const secret = secretWithBothLetters()
const signed = await provider.sign({ secret, body })
const header = signed.headers[NAME] ?? ''

function secretWithBothLetters(): string {
  for (let at = 0; ; at++) {
    const mac = provider.forge({ secret: `secret ${at}`, body: Buffer.from(body) })[NAME] ?? ''
    if (mac.includes('+') && mac.includes('/')) return `secret ${at}`
  }
}

const check = (headers: Record<string, string | undefined>) =>
  verdict(provider, withHeaders(signed, headers), { secrets: [secret] })

test('accepts a delivery of which nothing was changed', async () => {
  expect(await check({})).toBe('accepted')
})

test('tells a missing signature from a wrong one, and takes no other header for it', async () => {
  expect(await check({ [NAME]: undefined, 'shopify-hmac-sha256': header, 'x-shopify-hmac': header })).toBe(
    'signature_missing: shopify: x-shopify-hmac-sha256 is missing',
  )
})

/** The letter after the last one: the same 32 bytes to a decoder that drops the two unused bits. */
const withUnusedBits = () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const changed = `${header.slice(0, 42)}${alphabet[alphabet.indexOf(header.charAt(42)) + 1]}=`
  expect(Buffer.from(changed, 'base64')).toEqual(Buffer.from(header, 'base64'))
  return changed
}

test.each([
  ['an empty header', ''],
  ['a prefix', `sha256=${header}`],
  ['the url-safe alphabet', header.replaceAll('+', '-').replaceAll('/', '_')],
  ['missing padding', header.slice(0, -1)],
  ['too much padding', `${header}=`],
  ['padding in the middle', `${header.slice(0, 20)}=${header.slice(20)}`],
  ['unused trailing bits that are set', withUnusedBits()],
  ['a space inside', `${header.slice(0, 22)} ${header.slice(22)}`],
  ['a tab in place of a letter', `${header.slice(0, 22)}\t${header.slice(23)}`],
  ['a no-break space at the end', `${header}\xa0`],
  ['the header twice, joined as fetch joins them', `${header}, ${header}`],
  ['a signature that repeats itself', `${header}${header}`],
  ['one byte too few', Buffer.from(header, 'base64').subarray(1).toString('base64')],
  ['one byte too many', Buffer.concat([Buffer.from(header, 'base64'), Buffer.of(0)]).toString('base64')],
  ['a very long signature', 'AAAA'.repeat(10_000)],
  ['the signature in hex', Buffer.from(header, 'base64').toString('hex')],
  ['a letter outside ASCII', `é${header.slice(1)}`],
])('refuses %s by its form', async (_, value) => {
  expect(await check({ [NAME]: value })).toBe(
    'signature_refused: shopify: x-shopify-hmac-sha256 is not of its form',
  )
})

test.each([
  ['one changed letter', `${header.startsWith('A') ? 'B' : 'A'}${header.slice(1)}`],
  ['another case', header.toLowerCase().slice(0, 42) + header.slice(42)],
  ['a signature of zeros', Buffer.alloc(32).toString('base64')],
])('refuses %s', async (_, value) => {
  expect(await check({ [NAME]: value })).toBe('signature_refused: shopify: no signature matches')
})

test.each([
  ['a body with one changed byte', body.replace('820982911', '820982912')],
  ['a re-encoded body', JSON.stringify(JSON.parse(body), null, 1)],
  ['a body with a newline at its end', `${body}\n`],
  ['an empty body', ''],
])('refuses %s', async (_, changed) => {
  expect(await verdict(provider, { ...signed, body: changed }, { secrets: [secret] })).toBe(
    'signature_refused: shopify: no signature matches',
  )
})
