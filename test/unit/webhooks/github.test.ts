import { expect, test } from 'vitest'
import { providers, verdict, withHeaders } from './deliveries.ts'

const provider = providers.github
const body = '{"ref":"refs/heads/main","name":"Zoë"}'
const signed = await provider.sign({ secret: provider.secrets[0], body })
const NAME = 'x-hub-signature-256'
const header = signed.headers[NAME] ?? ''
const hex = header.slice(7)

test('accepts a delivery of which nothing was changed', async () => {
  expect(await verdict(provider, signed)).toBe('accepted')
})

test('tells a missing signature from a wrong one, and takes no SHA-1 for it', async () => {
  const sha1 = withHeaders(signed, { [NAME]: undefined, 'x-hub-signature': header })
  expect(await verdict(provider, sha1)).toBe('signature_missing: github: x-hub-signature-256 is missing')
})

test.each([
  ['an empty header', ''],
  ['the prefix alone', 'sha256='],
  ['no prefix', hex],
  ['an upper-case prefix', `SHA256=${hex}`],
  ['the prefix of SHA-1', `sha1=${hex}`],
  ['the prefix twice', `sha256=sha256=${hex}`],
  ['a space after the prefix', `sha256= ${hex}`],
  ['a no-break space at the end', `${header}\xa0`],
  ['the header twice, joined as fetch joins them', `${header}, ${header}`],
  ['two signatures in one header', `${header} ${header}`],
  ['upper-case hex, a second spelling of the same bytes', `sha256=${hex.toUpperCase()}`],
  ['one digit too few', header.slice(0, -1)],
  ['one byte too few', header.slice(0, -2)],
  ['one byte too many', `${header}00`],
  ['a signature that repeats itself', `${header}${hex}`],
  ['a very long signature', `sha256=${'ab'.repeat(10_000)}`],
  ['a hex prefix', `sha256=0x${hex.slice(2)}`],
  ['a letter past f', `sha256=${hex.slice(0, -1)}g`],
  ['a letter outside ASCII', `sha256=${hex.slice(0, -1)}é`],
  ['the signature in base64', `sha256=${Buffer.from(hex, 'hex').toString('base64')}`],
])('refuses %s by its form', async (_, value) => {
  expect(await verdict(provider, withHeaders(signed, { [NAME]: value }))).toBe(
    'signature_refused: github: x-hub-signature-256 is not of its form',
  )
})

test.each([
  [
    'a signature with one changed digit',
    { [NAME]: `sha256=${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}` },
  ],
  ['a signature of zeros', { [NAME]: `sha256=${'0'.repeat(64)}` }],
])('refuses %s', async (_, headers) => {
  expect(await verdict(provider, withHeaders(signed, headers))).toBe(
    'signature_refused: github: no signature matches',
  )
})

test.each([
  ['a body with one changed byte', body.replace('main', 'mbin')],
  ['a re-encoded body', JSON.stringify(JSON.parse(body), null, 1)],
  ['a body with its letters escaped', body.replace('ë', '\\u00eb')],
  ['a body with a byte order mark', `\ufeff${body}`],
  ['a body with a newline at its end', `${body}\n`],
  ['a body cut short', body.slice(0, -1)],
  ['an empty body', ''],
  ['the body in Latin-1', Buffer.from(body, 'latin1')],
])('refuses %s', async (_, changed) => {
  expect(await verdict(provider, { ...signed, body: changed })).toBe(
    'signature_refused: github: no signature matches',
  )
})

test('accepts an empty body and bytes that are no text, if they are what was signed', async () => {
  for (const bytes of [new Uint8Array(), new Uint8Array([0xff, 0xfe, 0x00, 0x80])]) {
    const headers = provider.forge({ secret: provider.secrets[0], body: bytes })
    expect(await verdict(provider, { headers, body: bytes })).toBe('accepted')
  }
})
