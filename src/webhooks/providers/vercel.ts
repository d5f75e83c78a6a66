import { hmacSha1 } from '../algorithms.ts'
import { text } from '../keys.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Vercel webhook deliveries (`x-vercel-signature`, HMAC-SHA1 over the raw body; no time is signed). The
 * replay key is the body's `id`; a body without one is known by its digest.
 * @example
 * import { vercel } from 'sallyport/webhooks'
 *
 * export const authenticate = vercel({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const vercel = provider({
  name: 'vercel',
  secretForm: 'the secret of the webhook, or the client secret of the integration',
  proof: signed({
    keys: [{ algorithm: hmacSha1, decode: text }],
    signature: { header: 'x-vercel-signature', form: '{hex}' },
    signs: '{body}',
  }),
  bodyId: 'id',
  timeoutSeconds: 30,
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Vercel',
  source: 'vercel.com/docs/webhooks; trigger.dev, "Vercel"; retries and timeout from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
}
