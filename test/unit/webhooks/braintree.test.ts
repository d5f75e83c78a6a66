import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as webhooks from '../../../src/webhooks/index.ts'
import { type AnyProvider, authenticate, mount, verdict } from './every/providers.ts'

const braintree = webhooks.braintree as unknown as AnyProvider

describe('braintree', () => {
  const url = 'https://gateway.test/hooks/braintree'
  const challenge = (query: string, method = 'GET') => ({
    method,
    url: `${url}${query}`,
    headers: {},
    body: '',
  })
  const CHALLENGE = '20f9f8ed05f77439fe955c977e4c8a53'

  test('answers a challenge with the key’s own signature', async () => {
    const { authenticator, env } = await mount(braintree)
    const key = createHash('sha1').update(String(env.PROVIDER_SECRET)).digest()
    const answer = createHmac('sha1', key).update(CHALLENGE).digest('hex')
    expect(await authenticate(authenticator, challenge(`?bt_challenge=${CHALLENGE}`), env)).toMatchObject({
      value: { handshake: { status: 200, body: `integration_public_key|${answer}` } },
    })
  })

  test.each([
    ['none', ''],
    ['empty', '?bt_challenge='],
    ['19 digits', `?bt_challenge=${CHALLENGE.slice(0, 19)}`],
    ['33 digits', `?bt_challenge=${CHALLENGE}a`],
    ['upper case', `?bt_challenge=${CHALLENGE.toUpperCase()}`],
    ['a line break behind it', `?bt_challenge=${CHALLENGE}%0A`],
    ['base64', '?bt_challenge=PG5vdGlmaWNhdGlvbj4K'],
    ['two of them', `?bt_challenge=${CHALLENGE}&bt_challenge=${CHALLENGE}`],
  ])('signs no challenge of another form: %s', async (_, query) => {
    const { authenticator, env } = await mount(braintree)
    expect(await verdict(authenticator, challenge(query), env)).toBe(
      'signature_refused: braintree: the handshake is refused',
    )
  })

  test('an answered challenge is no signature for a notification', async () => {
    const { authenticator, env } = await mount(braintree)
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 20, maxLength: 32 }),
        async (text) => {
          const answered = await authenticate(authenticator, challenge(`?bt_challenge=${text}`), env)
          const bt_signature = answered.ok ? String(answered.value.handshake?.body) : ''
          expect(bt_signature).toMatch(/^integration_public_key\|[0-9a-f]{40}$/)
          for (const bt_payload of [text, `${text}\n`]) {
            const body = new URLSearchParams({ bt_signature, bt_payload }).toString()
            const headers = { 'content-type': 'application/x-www-form-urlencoded' }
            const result = await verdict(authenticator, { method: 'POST', url, headers, body }, env)
            expect(result).toBe('signature_refused: braintree: the body is not of its form')
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  test('the time is the notification’s own, not one of its subject', async () => {
    const { authenticator, deliver, env } = await mount(braintree)
    const time = '<timestamp type="datetime">2001-01-01T00:00:00Z</timestamp>'
    const xml = (before: string) => `<notification>${before}${time}</notification>`
    const at = async (bt_payload: string) => {
      const body = JSON.stringify({ bt_signature: 'integration_public_key', bt_payload })
      return verdict(authenticator, await deliver({ body }), env)
    }
    expect(await at(xml('<kind>check</kind>'))).toBe('accepted')
    expect(await at(xml('<subject><status-event></status-event></subject>'))).toMatch(/not of its form$/)
    expect(await at(xml('<!-- > -->'))).toMatch(/not of its form$/)
  })

  test('without its public key nothing is accepted', async () => {
    const { authenticator, deliver, env } = await mount(braintree)
    const { BRAINTREE_PUBLIC_KEY: _, ...less } = env
    expect(await verdict(authenticator, await deliver(), less)).toMatch(/^signature_refused: /)
    expect(() => braintree({ secret: 'PROVIDER_SECRET' })).toThrow(/publicKey: is missing/)
    expect(authenticator.vars).toEqual([{ name: 'BRAINTREE_PUBLIC_KEY' }])
  })
})

test('a notification of a million elements is refused, and nothing overflows', async () => {
  const xml = `<notification>${'<a></a>'.repeat(1_500_000)}`
  const body = new URLSearchParams({
    bt_signature: 'public|00',
    bt_payload: Buffer.from(xml).toString('base64'),
  })
  const check = braintree({ secret: 'STANDARD_WEBHOOK_SECRET', publicKey: 'SLACK_SIGNING_SECRET' })
  const env = { STANDARD_WEBHOOK_SECRET: 'private', SLACK_SIGNING_SECRET: 'public' }
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const sent = { method: 'POST', url: 'https://gateway.test/webhooks', headers, body: String(body) }
  expect(await verdict(check, sent, env)).toMatch(/^signature_refused: /)
})
