import { utf8 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import { hmacSha256, type SignedDelivery, unixSeconds } from './delivery.ts'

/**
 * Signs a request as Slack does (`X-Slack-Signature`, HMAC-SHA256 over `v0:{timestamp}:{body}`, in hex).
 * `timestamp` is in Unix seconds, now by default; `contentType` is `application/json` by default, and
 * `application/x-www-form-urlencoded` for slash commands and interactions.
 * @example
 * import { signSlack } from 'sallyport/testing'
 *
 * const delivery = await signSlack({ secret: 'a signing secret', body: '{"type":"event_callback"}' })
 * const request = new Request('https://gateway.test/webhooks/slack', { method: 'POST', ...delivery })
 */
export async function signSlack(options: {
  secret: string
  body: string
  timestamp?: number
  contentType?: string
}): Promise<SignedDelivery> {
  const { secret, body, timestamp = unixSeconds(), contentType = 'application/json' } = options
  return {
    headers: {
      'content-type': contentType,
      'x-slack-request-timestamp': String(timestamp),
      'x-slack-signature': `v0=${encodeHex(await hmacSha256(utf8(secret), `v0:${timestamp}:`, body))}`,
    },
    body,
  }
}
