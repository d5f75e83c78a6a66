import { describe, expect, test } from 'vitest'
import { bytesOf, NOW, providers, verdict, withHeaders } from './deliveries.ts'

const provider = providers.stripe
const body = '{"id":"evt_1","object":"event"}'
const signed = await provider.sign({ secret: provider.secrets[0], body })
const NAME = 'stripe-signature'
const header = signed.headers[NAME] ?? ''
const hex = header.slice(-64)
const decoy = (at: number) => `v1=${at.toString(16).padStart(64, '0')}`

const check = (value: string | undefined) => verdict(provider, withHeaders(signed, { [NAME]: value }))

test('accepts a delivery of which nothing was changed', async () => {
  expect(await check(header)).toBe('accepted')
})

test('tells a missing signature from a wrong one', async () => {
  expect(await check(undefined)).toBe('signature_missing: stripe: stripe-signature is missing')
})

test.each([
  ['an empty header', ''],
  ['no time', `v1=${hex}`],
  ['no signature', `t=${NOW}`],
  ['an empty signature', `t=${NOW},v1=`],
  ['an empty time', `t=,v1=${hex}`],
  ['the time twice', `t=${NOW},t=${NOW},v1=${hex}`],
  ['a second time after the signature', `t=${NOW},v1=${hex},t=1`],
  ['the header twice, joined as fetch joins them', `${header}, ${header}`],
  ['a space after the comma', `t=${NOW}, v1=${hex}`],
  ['spaces around the equals sign', `t = ${NOW},v1 = ${hex}`],
  ['a comma at the end', `${header},`],
  ['two commas', `t=${NOW},,v1=${hex}`],
  ['an upper-case version', `t=${NOW},V1=${hex}`],
  ['an upper-case time', `T=${NOW},v1=${hex}`],
  ['upper-case hex', `t=${NOW},v1=${hex.toUpperCase()}`],
  ['one byte too few', `t=${NOW},v1=${hex.slice(2)}`],
  ['one byte too many', `t=${NOW},v1=${hex}00`],
  ['an odd number of digits', `t=${NOW},v1=${hex}0`],
  ['a broken signature beside the right one', `t=${NOW},v1=00,v1=${hex}`],
  ['a hex prefix', `t=${NOW},v1=0x${hex.slice(2)}`],
  ['the signature in base64', `t=${NOW},v1=${Buffer.from(hex, 'hex').toString('base64')}`],
  ['a letter outside ASCII', `t=${NOW},v1=${hex.slice(1)}é`],
  ['quotes', `t=${NOW},v1="${hex}"`],
  ['a semicolon between the items', `t=${NOW};v1=${hex}`],
  ['an item that is no pair', `${header},x`],
  ['only v0, which anybody can strip down to', `t=${NOW},v0=${hex}`],
  ['only a version that we do not know', `t=${NOW},v2=${hex}`],
  ['a very long header', `t=${NOW},v1=${'ab'.repeat(10_000)}`],
])('refuses %s by its form', async (_, value) => {
  expect(await check(value)).toBe('signature_refused: stripe: stripe-signature is not of its form')
})

test.each([
  ['a signature with one changed digit', `t=${NOW},v1=${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}`],
  ['a signature for another second', `t=${NOW + 1},v1=${hex}`],
  ['a signature of zeros', `t=${NOW},${decoy(0)}`],
  ['the right signature under v0 beside a wrong v1', `t=${NOW},${decoy(0)},v0=${hex}`],
])('refuses %s', async (_, value) => {
  expect(await check(value)).toBe('signature_refused: stripe: no signature matches')
})

describe('several signatures, as while the endpoint secret rolls', () => {
  test.each([0, 3, 7])('accepts the right one at place %i of eight', async (place) => {
    const items = Array.from({ length: 8 }, (_, at) => (at === place ? `v1=${hex}` : decoy(at)))
    expect(await check(`t=${NOW},${items.join(',')}`)).toBe('accepted')
    expect(await check(`${items.join(',')},t=${NOW},v0=${hex}`)).toBe('accepted')
  })

  test('refuses nine, wherever the right one is', async () => {
    const decoys = Array.from({ length: 8 }, (_, at) => decoy(at))
    for (const items of [
      [`v1=${hex}`, ...decoys],
      [...decoys, `v1=${hex}`],
    ]) {
      expect(await check(`t=${NOW},${items.join(',')}`)).toMatch('not of its form')
    }
  })
})

test('takes the secret as text: one that is only its base64 part, decoded, is another', async () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const sent = await provider.sign({ secret, body })
  expect(await verdict(provider, sent, { secrets: [secret] })).toBe('accepted')
  expect(await verdict(provider, sent, { secrets: [secret.slice(6)] })).toMatch('no signature matches')
})

test('refuses a boundary moved between time and body', async () => {
  const whole = bytesOf(`${NOW}.x`)
  const headers = provider.forge({ secret: provider.secrets[0], body: whole })
  expect(await verdict(provider, { headers, body: whole })).toBe('accepted')
  const moved = { [NAME]: headers[NAME]?.replace(`t=${NOW}`, `t=${NOW}.${NOW}`) }
  expect(await verdict(provider, withHeaders({ headers, body: 'x' }, moved))).toMatch('not of its form')
})
