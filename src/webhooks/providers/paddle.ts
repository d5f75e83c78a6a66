import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Paddle notifications (`Paddle-Signature`, HMAC-SHA256 over time and raw body, 5 s both ways). The
 * replay key is the `notification_id`, which stays the same over retries; a replay that somebody asks Paddle
 * for has a new one and goes through. 5 s is the figure of Paddle's own library: what comes later, by a slow
 * network or a clock that is off, is refused and sent anew by Paddle with a new time. Where the record shows
 * many of those, `tolerance: '1 m'` costs little.
 * @example
 * import { paddle } from 'sallyport/webhooks'
 *
 * export const authenticate = paddle({ secret: 'STANDARD_WEBHOOK_SECRET', tolerance: '30 s' })
 */
export const paddle = provider({
  name: 'paddle',
  secretForm: "the notification destination's secret key, pdl_ntfset_…",
  proof: signed({
    signature: { header: 'paddle-signature', form: 'h1={hex}', list: ';' },
    time: { item: 'ts=', toleranceSeconds: 5 },
    signs: '{time}:{body}',
  }),
  bodyId: 'notification_id',
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 3 * 86_400 },
})

export const facts: Facts = {
  title: 'Paddle',
  source:
    '@paddle/paddle-node-sdk 3.10 webhooks-validator and its tests; developer.paddle.com, "Handle webhook delivery"; that each retry has a new time is from memory',
  checked: '2026-11',
  rotation: 'several h1 in one header while a secret rolls; Paddle’s own library reads only the last',
  trap: 'separators are ; and :, and only 5 s are left for the way',
}
