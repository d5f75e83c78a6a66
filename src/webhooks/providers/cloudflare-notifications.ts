import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { token } from '../token.ts'

/**
 * Verifies the secret of Cloudflare's notification webhooks (`cf-webhook-auth`, compared in constant time; nothing is signed).
 * There is no replay key unless the route says `deduplicate: 'body'`. A test notification comes when the destination is saved
 * and is forwarded as any other. The header itself stays behind: no `cf-…` header of a client goes on to the origin.
 * @example
 * import { cloudflareNotifications } from 'sallyport/webhooks'
 *
 * export const authenticate = cloudflareNotifications({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const cloudflareNotifications = provider({
  name: 'cloudflare-notifications',
  secretForm: "the destination's secret, 16 to 512 characters of ASCII",
  proof: token({ in: 'header', name: 'cf-webhook-auth' }),
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Cloudflare Notifications',
  source:
    'developers.cloudflare.com/notifications, "Webhook payload schema"; the header from memory and through third parties; redelivery and timeout are not documented',
  checked: '2026-11',
  rotation: 'one secret; the gateway holds two',
  trap: 'nothing is signed: the body is as good as the connection',
}
