import { hmacSha1 } from '../algorithms.ts'
import { text } from '../keys.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Intercom webhook deliveries (`X-Hub-Signature`, HMAC-SHA1 over the raw body; no time is signed). The replay key is
 * the notification's `id`, which the signature covers; a `ping` has none and is known by the body's digest. Intercom asks with
 * HEAD whether the URL is there: a route with `method: ['HEAD', 'POST']` answers it here.
 * @example
 * import { intercom } from 'sallyport/webhooks'
 *
 * export const authenticate = intercom({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const intercom = provider({
  name: 'intercom',
  secretForm: "the app's client secret",
  proof: signed({
    keys: [{ algorithm: hmacSha1, decode: text }],
    signature: { header: 'x-hub-signature', form: 'sha1={hex}' },
    signs: '{body}',
  }),
  bodyId: 'id',
  greeting: {
    method: 'HEAD',
    answer: () => ({ status: 200 }),
  },
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 60 },
})

export const facts: Facts = {
  title: 'Intercom',
  source:
    'developers.intercom.com, "Webhook notifications"; timeout through third parties; HEAD and one retry after a minute from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: '7 days of failures; 1,000 in 15 minutes pause a topic for 15 minutes',
}
