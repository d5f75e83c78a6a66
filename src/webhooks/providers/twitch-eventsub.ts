import { hmacSha256 } from '../algorithms.ts'
import { text } from '../keys.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

const MIN_SECRET = 10
const MAX_SECRET = 100
/** Characters; Twitch's own have a few dozen. */
const MAX_CHALLENGE = 256

/**
 * Verifies Twitch EventSub deliveries (`Twitch-Eventsub-Message-Signature`, HMAC-SHA256 over message id, time
 * and raw body, 600 s into the past and 300 s into the future). The replay key is the signed message id. The
 * signed challenge of a new subscription is answered here; a revocation reaches the origin, where the body's
 * `subscription.status` tells it from an event: `Twitch-Eventsub-Message-Type` is not signed.
 * @example
 * import { twitchEventsub } from 'sallyport/webhooks'
 *
 * export const authenticate = twitchEventsub({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const twitchEventsub = provider({
  name: 'twitch-eventsub',
  secretForm: "the subscription's secret, a text of 10 to 100 characters",
  proof: signed({
    keys: [
      {
        algorithm: hmacSha256,
        decode: (secret) =>
          secret.length >= MIN_SECRET && secret.length <= MAX_SECRET ? text(secret) : undefined,
      },
    ],
    signature: { header: 'twitch-eventsub-message-signature', form: 'sha256={hex}' },
    idHeader: 'twitch-eventsub-message-id',
    // Nothing separates id, time and body: without a colon in the id the first colon is the time's, and so
    // all ends are known.
    idForm: /^[\w+/=-]{1,256}$/,
    time: { header: 'twitch-eventsub-message-timestamp', unit: 'iso', toleranceSeconds: 600 },
    signs: '{id}{time}{body}',
  }),
  // By the signed body and not by the type's header: with it a stranger could pass a challenge on to the
  // origin, or keep an event from it.
  handshake({ json: { challenge, event } }) {
    if (event !== undefined || typeof challenge !== 'string' || challenge.length > MAX_CHALLENGE)
      return undefined
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: challenge }
  },
  redelivery: { automatic: true, horizonSeconds: 600 },
})

export const facts: Facts = {
  title: 'Twitch EventSub',
  source:
    'dev.twitch.tv, "Handling webhook events" and "EventSub"; twitchdev/twitch-cli forward_event.go; 10 minutes from memory, and how long it sends again is not documented: nothing older is accepted',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: 'too many failures: status notification_failures_exceeded',
  trap: 'no separators in what is signed, and the message’s type is an unsigned header',
  unsigned: [
    'twitch-eventsub-message-type',
    'twitch-eventsub-message-retry',
    'twitch-eventsub-subscription-type',
    'twitch-eventsub-subscription-version',
  ],
}
