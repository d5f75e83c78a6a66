import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import {
  SVIX_REDELIVERY,
  SVIX_TIMEOUT_SECONDS,
  standardWebhooks,
  WHSEC_FORM,
  WHSEC_KEYS,
} from '../standard-webhooks.ts'

/**
 * Verifies Resend webhook deliveries (`svix-signature` v1, HMAC-SHA256 over id, time and raw body, 300 s both
 * ways). The replay key is the signed `svix-id`.
 * @example
 * import { resend } from 'sallyport/webhooks'
 *
 * export const authenticate = resend({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const resend = provider({
  name: 'resend',
  secretForm: WHSEC_FORM,
  proof: standardWebhooks('svix', WHSEC_KEYS),
  timeoutSeconds: SVIX_TIMEOUT_SECONDS,
  redelivery: SVIX_REDELIVERY,
})

export const facts: Facts = {
  title: 'Resend',
  source:
    'resend 6.38 Webhooks.verify; resend.com/docs, "Retries and replays"; timeout is that of Svix, which sends',
  checked: '2026-11',
  rotation: 'a list of signatures in one header, one per active key',
}
