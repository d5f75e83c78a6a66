import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../src/lib/json.ts'
import { secretThenMessage } from '../../../src/webhooks/hashed.ts'
import { hubspotV1, hubspotV2, hubspotV3 } from '../../../src/webhooks/index.ts'
import { type AnyProvider, type Incoming, NOW, SECRET_NAME, verdict } from './every/providers.ts'
import { continued, padding } from './length-extension.ts'

const SECRET = 'the-secret-of-these-tests'
const LIMITS = { maxDepth: 64, maxNodes: 1000 }
const env = { [SECRET_NAME]: SECRET }
const mac = (text: string) => createHmac('sha256', SECRET).update(text).digest('base64')
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')

describe('hubspot: one version does not stand for another', () => {
  const url = 'https://gateway.test/hooks/hubspot'
  const body = '[{"eventId":1}]'
  const v1 = sha256(SECRET + body)
  const v2 = sha256(`${SECRET}POST${url}${body}`)
  const v3 = mac(`POST${url}${body}${NOW}`)
  const all = {
    'x-hubspot-signature-v3': v3,
    'x-hubspot-request-timestamp': String(NOW),
    'x-hubspot-signature-version': 'v1',
    'x-hubspot-signature': v1,
  }
  const at = (provider: unknown, headers: Record<string, string>, more: Partial<Incoming> = {}) =>
    verdict(
      (provider as AnyProvider)({ secret: SECRET_NAME }),
      { method: 'POST', url, headers, body, ...more },
      env,
    )

  test('each takes its own, with the others beside it', async () => {
    expect(await at(hubspotV1, all)).toBe('accepted')
    expect(
      await at(hubspotV2, { ...all, 'x-hubspot-signature': v2, 'x-hubspot-signature-version': 'v2' }),
    ).toBe('accepted')
    expect(await at(hubspotV3, all)).toBe('accepted')
  })

  test('version 3 looks at none of the older headers', async () => {
    const { 'x-hubspot-signature-v3': _, ...older } = all
    expect(await at(hubspotV3, older)).toBe(
      'signature_missing: hubspot-v3: x-hubspot-signature-v3 is missing',
    )
    expect(await at(hubspotV3, { ...all, 'x-hubspot-signature-v3': 'x' })).toMatch(/^signature_refused/)
    expect(
      await at(hubspotV3, { ...all, 'x-hubspot-signature': 'x', 'x-hubspot-signature-version': 'v9' }),
    ).toBe('accepted')
  })

  test.each([
    ['without a version', undefined, 'signature_missing: hubspot-v1: x-hubspot-signature-version is missing'],
    ['of version 2', 'v2', 'signature_refused: hubspot-v1: x-hubspot-signature-version is not v1'],
    ['of both versions', 'v1, v2', 'signature_refused: hubspot-v1: x-hubspot-signature-version is not v1'],
    ['of version V1', 'V1', 'signature_refused: hubspot-v1: x-hubspot-signature-version is not v1'],
  ])('version 1 refuses a request %s', async (_, version, expected) => {
    const headers = { 'x-hubspot-signature': v1, ...(version && { 'x-hubspot-signature-version': version }) }
    expect(await at(hubspotV1, headers)).toBe(expected)
  })

  test('the escapes of version 3 are decoded, the others stay', async () => {
    const query = '?a=%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B&b=%20%25%26%3D'
    const decoded = "?a=:/?@!$'()*,;&b=%20%25%26%3D"
    const signature = mac(`POST${url}${decoded}${body}${NOW}`)
    expect(await at(hubspotV3, { ...all, 'x-hubspot-signature-v3': signature }, { url: url + query })).toBe(
      'accepted',
    )
  })

  test('a body that was continued is right for the hash and refused all the same', async () => {
    const secretAndBody = SECRET.length + body.length
    const suffix = Buffer.from(',{"eventId":2}]')
    const longer = Buffer.concat([Buffer.from(body), padding(secretAndBody), suffix])
    const signature = continued(v1, secretAndBody, suffix)
    expect(signature).toBe(sha256(Buffer.concat([Buffer.from(SECRET), longer])))
    const key = await secretThenMessage.importKey(new Uint8Array(Buffer.from(SECRET)))
    const bytes = new Uint8Array(longer)
    expect(await secretThenMessage.verify(key, new Uint8Array(Buffer.from(signature, 'hex')), bytes)).toBe(
      true,
    )
    const headers = { 'x-hubspot-signature': signature, 'x-hubspot-signature-version': 'v1' }
    expect(await at(hubspotV1, headers, { body: bytes })).toBe(
      'signature_refused: hubspot-v1: what is signed is not of its form',
    )
    expect(parseJson(bytes, LIMITS, { exactNumbers: false })).toEqual({ ok: false, fault: 'encoding' })
  })

  test('version 2 refuses a continued body too', async () => {
    const signed = Buffer.byteLength(`${SECRET}POST${url}${body}`)
    const suffix = Buffer.from('x')
    const longer = Buffer.concat([Buffer.from(body), padding(signed), suffix])
    const headers = {
      'x-hubspot-signature': continued(v2, signed, suffix),
      'x-hubspot-signature-version': 'v2',
    }
    expect(await at(hubspotV2, headers, { body: longer })).toMatch(/what is signed is not of its form$/)
  })

  test('after whole characters the byte 0x80 is never UTF-8, whatever they were', () => {
    for (const last of ['a', 'é', '€', '😀', '\u0000', '\u07ff', '\uffff', '']) {
      const bytes = Buffer.concat([Buffer.from(last), padding(7)])
      expect(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)).toThrow(
        TypeError,
      )
    }
  })
})

test('v1 takes no request that was signed under version 2', async () => {
  const url = 'https://gateway.test/webhooks/hubspot-v2'
  const secret = 'a client secret'
  const body = '[{"eventId":1}]'
  const signature = createHash('sha256').update(`${secret}POST${url}${body}`).digest('hex')
  const headers = { 'x-hubspot-signature': signature, 'x-hubspot-signature-version': 'v1' }
  const sent = { method: 'POST', url, headers, body: `POST${url}${body}` }
  const check = hubspotV1({ secret: 'STANDARD_WEBHOOK_SECRET' })
  expect(await verdict(check, sent, { STANDARD_WEBHOOK_SECRET: secret })).toMatch(/^signature_refused: /)
})
