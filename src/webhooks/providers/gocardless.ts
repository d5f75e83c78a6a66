import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies GoCardless webhook deliveries (`Webhook-Signature`, HMAC-SHA256 over the raw body; no time is signed). A
 * delivery is a batch of events with one id: the replay key is `meta.webhook_id`; a body without it is known by its
 * digest. A refused signature is answered with 498, as GoCardless asks. An origin that redirects counts as failed.
 * @example
 * import { gocardless } from 'sallyport/webhooks'
 *
 * export const authenticate = gocardless({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const gocardless = provider({
  name: 'gocardless',
  secretForm: "the webhook's secret, as text",
  proof: signed({ signature: { header: 'webhook-signature', form: '{hex}' }, signs: '{body}' }),
  bodyId: 'meta.webhook_id',
  refusalStatus: 498,
  timeoutSeconds: 10,
  // Eight retries after 1, 2, 10 minutes and more; the last is not documented.
  redelivery: { automatic: true, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'GoCardless',
  source:
    'gocardless-nodejs 10.1.2; developer.gocardless.com; support.gocardless.com, "Webhook retries"; the last retry not documented',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'a refused signature is a 498; a redirect is a failure',
  unsigned: ['origin'],
}
