import { hmacSha256 } from '../algorithms.ts'
import { text } from '../keys.ts'
import { provider } from '../provider.ts'
import { FINAL_UNLESS_5XX } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/** `appId.keyId:secret`, or what stands behind its colon, in which no colon can be. */
const afterColon = (key: string) => {
  const secret = key.slice(key.indexOf(':') + 1)
  return secret === '' ? undefined : text(secret)
}

/**
 * Verifies Ably's webhooks (`X-Ably-Signature`, base64 HMAC-SHA256 over the raw body; no time is signed). Only batched
 * requests of a rule with a signing key are signed: everything else is refused. The replay key is the body's digest. A
 * retried batch may have new messages at its end and is another delivery then: the origin tells messages by their
 * `id`. The key is not chosen by the unsigned `X-Ably-Key`: both slots are tried.
 * @example
 * import { ably } from 'sallyport/webhooks'
 *
 * export const authenticate = ably({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const ably = provider({
  name: 'ably',
  secretForm: 'the API key that the rule signs with, appId.keyId:secret, or its part after the colon',
  proof: signed({
    keys: [{ algorithm: hmacSha256, decode: afterColon }],
    signature: { header: 'x-ably-signature', form: '{base64}' },
    signs: '{body}',
  }),
  // A 4xx is final.
  refusalStatuses: FINAL_UNLESS_5XX,
  // Batches wait in a queue of 5 minutes.
  redelivery: { automatic: true, horizonSeconds: 300 },
})

export const facts: Facts = {
  title: 'Ably',
  source: 'ably/docs platform/integrations/webhooks; timeout not documented',
  checked: '2026-11',
  rotation: 'one signature, whose key X-Ably-Key names; the gateway holds two secrets',
  trap: 'only batched requests are signed; only a 5xx is tried again, and a retried batch may have grown, so its digest is another',
  unsigned: ['x-ably-key', 'x-ably-version'],
}
