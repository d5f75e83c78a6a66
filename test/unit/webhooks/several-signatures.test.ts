import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { box, docusign, mollie, persona, workos } from '../../../src/webhooks/index.ts'
import {
  type AnyProvider,
  authenticate,
  type Incoming,
  NOW,
  SECRET_NAME,
  verdict,
} from './every/providers.ts'

const secret = 'the current secret'
const other = 'somebody else’s'
const body = '{"id":"event_1","data":{"id":"evt_1"}}'
const seconds = NOW / 1000

const mac = (key: string, message: string, encoding: 'hex' | 'base64' = 'hex') =>
  createHmac('sha256', key).update(message).digest(encoding)

function check(provider: unknown, headers: Record<string, string>, text = body) {
  const authenticator = (provider as AnyProvider)({ secret: SECRET_NAME })
  const incoming: Incoming = { method: 'POST', url: 'https://gateway.test/', headers, body: text }
  return verdict(authenticator, incoming, { [SECRET_NAME]: secret })
}

describe('persona: pairs, each with a time of its own', () => {
  const pair = (key: string, time: number, claimed = time) => `t=${claimed},v1=${mac(key, `${time}.${body}`)}`
  const right = pair(secret, seconds)
  const send = (value: string) => check(persona, { 'persona-signature': value })

  test.each([
    ['one pair', right],
    ['ours last of eight', [...Array(7).fill(pair(other, seconds - 1)), right].join(' ')],
    ['ours first of eight', [right, ...Array(7).fill(pair(other, seconds - 1))].join(' ')],
    ['two signatures in one pair', `${pair(other, seconds)},v1=${mac(secret, `${seconds}.${body}`)}`],
    ['a version that nobody knows', `${right},v9=x`],
    ['a pair of another version', `${right} t=${seconds},v9=x`],
  ])('accepts %s', async (_, value) => {
    expect(await send(value)).toBe('accepted')
  })

  test.each([
    [
      'our signature under the time of the other pair',
      `${pair(secret, seconds, seconds - 1)} ${pair(other, seconds)}`,
    ],
    ['a right pair beside one that is too old', `${right} ${pair(other, seconds - 301)}`],
    ['a right pair beside one from the future', `${right} ${pair(other, seconds + 301)}`],
    ['a right pair beside one without a time', `${right} v1=${mac(other, body)}`],
    ['nothing but a pair of another version', `t=${seconds},v9=x`],
    ['two times in one pair', `t=${seconds},${right}`],
    ['nine pairs', Array(9).fill(right).join(' ')],
    [
      'nine signatures in one pair',
      `${right},${Array(8)
        .fill(`v1=${mac(other, body)}`)
        .join(',')}`,
    ],
    ['two spaces', `${right}  ${right}`],
    ['a space after the comma', right.replace(',', ', ')],
    ['the header twice', `${right}, ${right}`],
  ])('refuses %s', async (_, value) => {
    expect(await send(value)).toMatch(/^signature_refused: persona: /)
  })
})

test('persona: of two pairs of one time, the current secret is tried first, wherever its pair stands', async () => {
  const pair = (key: string) => `t=${seconds},v1=${mac(key, `${seconds}.${body}`)}`
  const env = { [SECRET_NAME]: secret, [`${SECRET_NAME}_NEXT`]: other }
  for (const value of [`${pair(secret)} ${pair(other)}`, `${pair(other)} ${pair(secret)}`]) {
    const headers = { 'persona-signature': value }
    const incoming = { method: 'POST', url: 'https://gateway.test/', headers, body }
    const result = await authenticate(
      (persona as unknown as AnyProvider)({ secret: SECRET_NAME }),
      incoming,
      env,
    )
    expect(result.ok && result.value.notes?.secretSlot).toBe('current')
  }
})

describe('mollie: a header that may stand several times, with or without its prefix', () => {
  const ours = `sha256=${mac(secret, body)}`
  const theirs = `sha256=${mac(other, body)}`
  const send = (value: string) => check(mollie, { 'x-mollie-signature': value })

  test('accepts lines joined as fetch joins them', async () => {
    expect(await send(`${theirs}, ${ours}`)).toBe('accepted')
    expect(await send(`${ours.slice(7)}, ${theirs}`)).toBe('accepted')
  })

  test.each([
    ['one line twice', `${ours}, ${ours}`],
    ['no space after the comma', `${ours},${theirs}`],
    ['an empty line', `${ours}, `.concat('\xa0')],
    ['nine lines', [ours, ...Array.from({ length: 8 }, (_, at) => mac(`${at}`, body))].join(', ')],
    ['another prefix', `sha512=${mac(secret, body)}`],
    ['the prefix twice', `sha256=${ours}`],
  ])('refuses %s', async (_, value) => {
    expect(await send(value)).toBe('signature_refused: mollie: x-mollie-signature is not of its form')
  })

  test('refuses the older webhooks, which have no signature', async () => {
    expect(await check(mollie, {}, 'id=tr_7UhSN1zuXS')).toBe(
      'signature_missing: mollie: x-mollie-signature is missing',
    )
  })
})

describe('box: two headers, and the time behind the body', () => {
  const time = new Date(NOW).toISOString()
  const sign = (key: string, text = body) => mac(key, text + time, 'base64')
  const send = (headers: Record<string, string>, text = body) =>
    check(box, { 'box-delivery-timestamp': time, ...headers }, text)

  test.each([
    ['the primary alone', { 'box-signature-primary': sign(secret) }],
    ['the secondary alone', { 'box-signature-secondary': sign(secret) }],
    [
      'a right primary beside junk',
      { 'box-signature-primary': sign(secret), 'box-signature-secondary': '\xff' },
    ],
    [
      'a right secondary beside junk',
      { 'box-signature-primary': '', 'box-signature-secondary': sign(secret) },
    ],
  ])('accepts %s', async (_, headers) => {
    expect(await send(headers)).toBe('accepted')
  })

  test.each([
    ['no signature', {}, 'signature_missing: box: box-signature-primary is missing'],
    [
      'junk in both',
      { 'box-signature-primary': 'x', 'box-signature-secondary': 'y' },
      'signature_refused: box: box-signature-primary is not of its form',
    ],
    [
      'a key that is not ours',
      { 'box-signature-primary': sign(other) },
      'signature_refused: box: no signature matches',
    ],
  ])('refuses %s', async (_, headers, reason) => {
    expect(await send(headers as Record<string, string>)).toBe(reason)
  })

  test('refuses a body whose end was moved into the time, wherever it is cut', async () => {
    const message = body + time
    for (let cut = 0; cut <= message.length; cut++) {
      if (cut === body.length) continue
      const headers = { 'box-signature-primary': sign(secret), 'box-delivery-timestamp': message.slice(cut) }
      expect(await send(headers, message.slice(0, cut))).toMatch(/^signature_(refused|missing)/)
    }
  })

  test('refuses letters that were escaped on the wire and are no more', async () => {
    const escaped = '{"name":"\\u30b9"}'
    const headers = { 'box-signature-primary': sign(secret, escaped) }
    expect(await send(headers, escaped)).toBe('accepted')
    expect(await send(headers, '{"name":"ス"}')).toMatch('no signature matches')
  })
})

describe('docusign: one header for each key', () => {
  const sign = (key: string) => mac(key, body, 'base64')

  test.each([1, 2, 8])('accepts ours in header %i', async (number) => {
    const headers = Object.fromEntries(
      Array.from({ length: 8 }, (_, at) => [`x-docusign-signature-${at + 1}`, sign(`${at}`)]),
    )
    expect(await check(docusign, { ...headers, [`x-docusign-signature-${number}`]: sign(secret) })).toBe(
      'accepted',
    )
    expect(await check(docusign, headers)).toBe('signature_refused: docusign: no signature matches')
  })

  test('looks at no ninth header', async () => {
    expect(await check(docusign, { 'x-docusign-signature-9': sign(secret) })).toBe(
      'signature_missing: docusign: x-docusign-signature-1 is missing',
    )
  })

  test('refuses a header that stands twice', async () => {
    expect(await check(docusign, { 'x-docusign-signature-1': `${sign(secret)}, ${sign(secret)}` })).toMatch(
      'is not of its form',
    )
  })
})

describe('workos: a comma and a space, and milliseconds', () => {
  const sign = (time: number) => `v1=${mac(secret, `${time}.${body}`)}`
  const send = (value: string) => check(workos, { 'workos-signature': value })

  test.each([
    ['no space', `t=${NOW},${sign(NOW)}`],
    ['two spaces', `t=${NOW},  ${sign(NOW)}`],
    ['seconds', `t=${seconds}, ${sign(seconds)}`],
    ['a fraction', `t=${NOW}.5, ${sign(NOW)}`],
    ['two times', `t=${NOW}, t=${NOW + 1}, ${sign(NOW)}`],
  ])('refuses %s', async (_, value) => {
    expect(await send(value)).toBe('signature_refused: workos: workos-signature is not of its form')
  })

  test('accepts the form that WorkOS writes', async () => {
    expect(await send(`t=${NOW}, ${sign(NOW)}`)).toBe('accepted')
  })
})
