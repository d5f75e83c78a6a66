import { expect, test } from 'vitest'
import { bytesOf, NOW, providers, verdict, withHeaders } from './deliveries.ts'

const provider = providers.slack
const body = 'token=gIkuvaNzQIHg97ATvDxqgjtO&text=94070+Zo%C3%AB'
const signed = await provider.sign({ secret: provider.secrets[0], body })
const NAME = 'x-slack-signature'
const TIME = 'x-slack-request-timestamp'
const header = signed.headers[NAME] ?? ''
const hex = header.slice(3)

const check = (headers: Record<string, string | undefined>) => verdict(provider, withHeaders(signed, headers))

test('accepts a request of which nothing was changed', async () => {
  expect(await check({})).toBe('accepted')
})

test.each([NAME, TIME])('says that %s is missing', async (name) => {
  expect(await check({ [name]: undefined })).toBe(`signature_missing: slack: ${name} is missing`)
})

test.each([
  ['an empty header', ''],
  ['the prefix alone', 'v0='],
  ['no prefix', hex],
  ['an upper-case prefix', `V0=${hex}`],
  ['another version', `v1=${hex}`],
  ['a space after the prefix', `v0= ${hex}`],
  ['a no-break space at the end', `${header}\xa0`],
  ['the header twice, joined as fetch joins them', `${header}, ${header}`],
  ['upper-case hex', `v0=${hex.toUpperCase()}`],
  ['one byte too few', header.slice(0, -2)],
  ['one byte too many', `${header}00`],
  ['an odd number of digits', `${header}0`],
  ['a very long signature', `v0=${'ab'.repeat(10_000)}`],
  ['a letter past f', `v0=${hex.slice(0, -1)}g`],
  ['a letter outside ASCII', `v0=${hex.slice(1)}é`],
  ['the signature in base64', `v0=${Buffer.from(hex, 'hex').toString('base64')}`],
])('refuses %s by its form', async (_, value) => {
  expect(await check({ [NAME]: value })).toBe(
    'signature_refused: slack: x-slack-signature is not of its form',
  )
})

test.each([
  ['a time sent twice, joined as fetch joins them', `${NOW}, ${NOW}`],
  ['an empty time', ''],
])('refuses %s by its form', async (_, value) => {
  expect(await check({ [TIME]: value })).toBe(
    'signature_refused: slack: x-slack-request-timestamp is not of its form',
  )
})

test.each([
  ['one changed digit', { [NAME]: `v0=${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}` }],
  ['a signature for another second', { [TIME]: String(NOW + 1) }],
  ['a signature of zeros', { [NAME]: `v0=${'0'.repeat(64)}` }],
])('refuses %s', async (_, headers) => {
  expect(await check(headers)).toBe('signature_refused: slack: no signature matches')
})

test.each([
  ['a body with one changed byte', body.replace('94070', '94071')],
  ['a form that is written in another way', body.replace('+', '%20')],
  ['a form with lower-case escapes', body.replace('%C3%AB', '%c3%ab')],
  ['a form in another order', body.split('&').reverse().join('&')],
  ['an empty body', ''],
])('refuses %s', async (_, changed) => {
  expect(await verdict(provider, { ...signed, body: changed })).toBe(
    'signature_refused: slack: no signature matches',
  )
})

test('refuses a boundary moved between time and body', async () => {
  const whole = bytesOf(`${NOW}:x`)
  const headers = provider.forge({ secret: provider.secrets[0], body: whole })
  expect(await verdict(provider, { headers, body: whole })).toBe('accepted')
  const moved = withHeaders({ headers, body: 'x' }, { [TIME]: `${NOW}:${NOW}` })
  expect(await verdict(provider, moved)).toMatch('not of its form')
})
