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
 * Verifies Clerk webhook deliveries (`svix-signature` v1, HMAC-SHA256 over id, time and raw body, 300 s both
 * ways). The replay key is the signed `svix-id`. Clerk sends through Svix and writes `svix-…` headers alone.
 * @example
 * import { clerk } from 'sallyport/webhooks'
 *
 * export const authenticate = clerk({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const clerk = provider({
  name: 'clerk',
  secretForm: WHSEC_FORM,
  proof: standardWebhooks('svix', WHSEC_KEYS),
  timeoutSeconds: SVIX_TIMEOUT_SECONDS,
  redelivery: SVIX_REDELIVERY,
})

export const facts: Facts = {
  title: 'Clerk',
  source: '@clerk/backend 3.25 verifyWebhook; timeout and retries are those of Svix, which sends',
  checked: '2026-11',
  rotation: 'a list of signatures in one header, one per active key',
}
