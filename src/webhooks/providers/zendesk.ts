import { hmacSha256 } from '../algorithms.ts'
import { text } from '../keys.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/** What signs the requests of "Test webhook": printed in the documentation, so anybody can sign with it. */
const PUBLIC_TEST_SECRET = 'dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=='

/**
 * Verifies Zendesk webhook requests (`X-Zendesk-Webhook-Signature`, base64 HMAC-SHA256 over the ISO 8601 time of
 * `X-Zendesk-Webhook-Signature-Timestamp` and the raw body, 300 s both ways: retries end within minutes). The replay
 * key is the digest of both: the invocation id is not signed, and a body of a trigger has only what its author wrote.
 * The secret that signs Zendesk's own test requests is public: it is never taken, and those requests are refused. The
 * body may be JSON or a form; XML is not read.
 * @example
 * import { zendesk } from 'sallyport/webhooks'
 *
 * export const authenticate = zendesk({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const zendesk = provider({
  name: 'zendesk',
  secretForm: 'the signing secret of the webhook, and not the public one of test requests',
  proof: signed({
    keys: [
      {
        algorithm: hmacSha256,
        // Compared with a text that everybody knows: its timing tells nothing.
        decode: (secret) => (secret === PUBLIC_TEST_SECRET ? undefined : text(secret)),
      },
    ],
    signature: { header: 'x-zendesk-webhook-signature', form: '{base64}' },
    time: { header: 'x-zendesk-webhook-signature-timestamp', unit: 'iso', toleranceSeconds: 300 },
    // Nothing stands between them: the time ends at its Z or offset, and is read in no other way.
    signs: '{time}{body}',
  }),
  hintHeader: 'x-zendesk-webhook-invocation-id',
  content: [
    { mediaType: 'application/json', syntax: 'json' },
    { mediaType: 'application/x-www-form-urlencoded', syntax: 'form' },
  ],
  timeoutSeconds: 10,
  // Within minutes; how many is not documented.
  redelivery: { automatic: true, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Zendesk',
  source:
    'developer.zendesk.com, "Verifying webhooks"; timeout through third parties; names of the id headers and the length of retries from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'test requests are signed with a secret that the documentation prints: the gateway refuses it',
  unsigned: ['x-zendesk-webhook-id', 'x-zendesk-webhook-invocation-id', 'x-zendesk-account-id'],
}
