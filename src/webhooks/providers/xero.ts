import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Xero webhook deliveries (`x-xero-signature`, base64 HMAC-SHA256 over the raw body; no time is signed). The
 * replay key is the body's digest, which `entropy` makes different for each delivery. "Intent to receive", bodies
 * without events of which some are signed wrongly on purpose, is answered here: 200 or 401. Xero takes no body and no
 * cookie in an answer: all answers of the route leave without, the origin's too.
 * @example
 * import { xero } from 'sallyport/webhooks'
 *
 * export const authenticate = xero({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const xero = provider({
  name: 'xero',
  secretForm: 'the webhooks key of the app',
  proof: signed({ signature: { header: 'x-xero-signature', form: '{base64}' }, signs: '{body}' }),
  handshake: ({ json: { events } }) =>
    Array.isArray(events) && events.length === 0 ? { status: 200 } : undefined,
  bareAnswers: true,
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Xero',
  source: 'developer.xero.com, "Configuring your server"',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: '24 hours of failures',
  trap: 'answers must have neither body nor cookies, success is 200 alone, a wrong signature is 401 alone',
}
