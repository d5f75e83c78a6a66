import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { twitchEventsub } from '../../../src/webhooks/index.ts'
import { type AnyProvider, authenticate, NOW, SECRET_NAME, verdict } from './every/providers.ts'

const secret = 'a secret of ours'
const id = '2DQ_cz3SuK9NgHdOgsJNDsJVFGl8bOVXD4tzN='
// Without a fraction: a dot would end the id already.
const time = `${new Date(NOW).toISOString().slice(0, 19)}Z`
const authenticator = (twitchEventsub as unknown as AnyProvider)({ secret: SECRET_NAME })
const env = { [SECRET_NAME]: secret }

const mac = (message: string) => `sha256=${createHmac('sha256', secret).update(message).digest('hex')}`

const request = (
  body: string,
  parts: { id?: string; time?: string; signature?: string; type?: string } = {},
) => ({
  method: 'POST',
  url: 'https://gateway.test/webhooks/twitch-eventsub',
  headers: {
    'twitch-eventsub-message-id': parts.id ?? id,
    'twitch-eventsub-message-timestamp': parts.time ?? time,
    'twitch-eventsub-message-type': parts.type ?? 'notification',
    'twitch-eventsub-message-signature':
      parts.signature ?? mac((parts.id ?? id) + (parts.time ?? time) + body),
  },
  body,
})

const send = async (...args: Parameters<typeof request>) => authenticate(authenticator, request(...args), env)

describe('where id, time and body end, which nothing separates', () => {
  // The body has a time of its own, as Twitch's do.
  const body = `{"subscription":{"created_at":"${time}"},"event":{"followed_at":"${time}"}}`
  const message = id + time + body
  const signature = mac(message)

  test('accepts the three as they were signed', async () => {
    expect(await verdict(authenticator, request(body, { signature }), env)).toBe('accepted')
  })

  test('refuses every other cut of the same bytes', async () => {
    const starts = [...message.matchAll(/\d/g)].map(({ index }) => index)
    let cuts = 0
    for (const start of starts) {
      for (let end = start; end <= start + 36; end++) {
        if (start === id.length && end === start + time.length) continue
        const moved = { id: message.slice(0, start), time: message.slice(start, end), signature }
        expect(await verdict(authenticator, request(message.slice(end), moved), env)).toMatch(
          /^signature_refused: twitch-eventsub: /,
        )
        cuts++
      }
    }
    expect(cuts).toBeGreaterThan(1000)
  })

  test.each([
    ['a colon', 'a:b'],
    ['a quote', 'a"b'],
    ['a brace', 'a{b'],
    ['a space', 'a b'],
    ['nothing in it', ''],
    ['257 characters', 'x'.repeat(257)],
  ])('refuses an id with %s', async (_, text) => {
    expect(await verdict(authenticator, request('{}', { id: text }), env)).toBe(
      'signature_refused: twitch-eventsub: twitch-eventsub-message-id is not of its form',
    )
  })
})

describe('the challenge of a new subscription', () => {
  const challenge =
    '{"challenge":"pogchamp-kappa","subscription":{"status":"webhook_callback_verification_pending"}}'
  const answer = { status: 200, contentType: 'text/plain; charset=utf-8', body: 'pogchamp-kappa' }

  test.each(['webhook_callback_verification', 'notification', 'revocation'])(
    'is answered and not forwarded under the type %s, which is not signed',
    async (type) => {
      expect(await send(challenge, { type })).toMatchObject({ ok: true, value: { handshake: answer } })
    },
  )

  test.each([
    ['unsigned', { signature: `sha256=${'0'.repeat(64)}` }],
    ['signed for another body', { signature: mac(`${id}${time}{}`) }],
    ['too old', { time: new Date(NOW - 601_000).toISOString() }],
  ])('is refused where it is %s', async (_, parts) => {
    expect(await verdict(authenticator, request(challenge, parts), env)).toMatch(/^signature_refused/)
  })

  test.each([
    ['a notification that a stranger calls a challenge', '{"subscription":{},"event":{"challenge":"x"}}'],
    ['an event beside a challenge', '{"challenge":"x","event":{}}'],
    ['a challenge that is no text', '{"challenge":1}'],
    ['a challenge of 257 characters', `{"challenge":"${'x'.repeat(257)}"}`],
    ['a revocation', '{"subscription":{"status":"authorization_revoked"}}'],
  ])('is not seen in %s: it goes on to the origin', async (_, body) => {
    const result = await send(body, { type: 'webhook_callback_verification' })
    expect(result.ok && result.value.handshake).toBe(undefined)
    expect(result).toMatchObject({ ok: true, value: { replay: { id: `id:${id}` } } })
  })
})
