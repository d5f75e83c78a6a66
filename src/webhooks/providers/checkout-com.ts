import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Checkout.com webhook deliveries (`Cko-Signature`, HMAC-SHA256 over the raw body; no time is signed). The
 * replay key is the event's `id` (`evt_…`); a body without one is known by its digest. The `Authorization` header that
 * a workflow may send beside the signature is not looked at.
 * @example
 * import { checkoutCom } from 'sallyport/webhooks'
 *
 * export const authenticate = checkoutCom({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const checkoutCom = provider({
  name: 'checkout-com',
  secretForm: 'the signature key of the webhook action',
  proof: signed({ signature: { header: 'cko-signature', form: '{hex}' }, signs: '{body}' }),
  bodyId: 'id',
  timeoutSeconds: 10,
  // Eight retries: after 5, 10, 15 and 30 minutes, 1, 4, 12 and 12 hours.
  redelivery: { automatic: true, horizonSeconds: 30 * 3600 },
})

export const facts: Facts = {
  title: 'Checkout.com',
  source: 'checkout.com/docs/workflows; timeout from the page of August 2022',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  unsigned: ['authorization'],
}
