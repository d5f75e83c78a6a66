import { utf8 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import { hmacSha256, type SignedDelivery, unixSeconds } from './delivery.ts'

/**
 * Signs a delivery as Stripe does (`Stripe-Signature`, HMAC-SHA256 over `{timestamp}.{body}`, in hex). The secret
 * is used as text, its `whsec_` included. `timestamp` is in Unix seconds, now by default.
 * @example
 * import { signStripe } from 'sallyport/testing'
 *
 * const delivery = await signStripe({ secret: 'whsec_test', body: '{"id":"evt_1","type":"charge.failed"}' })
 * const request = new Request('https://gateway.test/webhooks/stripe', { method: 'POST', ...delivery })
 */
export async function signStripe(options: {
  secret: string
  body: string
  timestamp?: number
}): Promise<SignedDelivery> {
  const { secret, body, timestamp = unixSeconds() } = options
  const signature = encodeHex(await hmacSha256(utf8(secret), `${timestamp}.`, body))
  return {
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${timestamp},v1=${signature}` },
    body,
  }
}
