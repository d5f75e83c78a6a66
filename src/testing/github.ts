import { utf8 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import { hmacSha256, type SignedDelivery } from './delivery.ts'

/**
 * Signs a delivery as GitHub does (`X-Hub-Signature-256`, HMAC-SHA256 over the body, in hex). `deliveryId` is a
 * fresh UUID by default; neither it nor `event` is signed.
 * @example
 * import { signGithub } from 'sallyport/testing'
 *
 * const delivery = await signGithub({ secret: 'a secret', event: 'push', body: '{"ref":"refs/heads/main"}' })
 * const request = new Request('https://gateway.test/webhooks/github', { method: 'POST', ...delivery })
 */
export async function signGithub(options: {
  secret: string
  body: string
  event: string
  deliveryId?: string
}): Promise<SignedDelivery> {
  const { secret, body, event, deliveryId = crypto.randomUUID() } = options
  return {
    headers: {
      'content-type': 'application/json',
      'x-github-delivery': deliveryId,
      'x-github-event': event,
      'x-hub-signature-256': `sha256=${encodeHex(await hmacSha256(utf8(secret), body))}`,
    },
    body,
  }
}
