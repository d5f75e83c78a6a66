import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Notion webhook deliveries (`X-Notion-Signature`, HMAC-SHA256 over the raw body; no time is signed). The replay key
 * is the event's `id`, which stays the same over retries while `attempt_number` changes. The first request of a subscription
 * brings the secret itself, `verification_token`, unsigned: it is refused here, since a gateway that answered it would have to
 * show a stranger's secret to somebody. Create the subscription with the URL of a listener of your own, read the token there,
 * set it as the secret, change the URL to this route (Notion allows that until the subscription is verified), then verify.
 * @example
 * import { notion } from 'sallyport/webhooks'
 *
 * export const authenticate = notion({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const notion = provider({
  name: 'notion',
  secretForm: "the subscription's verification token",
  proof: signed({
    signature: { header: 'x-notion-signature', form: 'sha256={hex}' },
    signs: '{body}',
  }),
  bodyId: 'id',
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Notion',
  source:
    '@notionhq/client 5.26 webhooks.ts; developers.notion.com, "Webhooks"; 8 retries in 24 hours from memory',
  checked: '2026-11',
  rotation: 'one signature; a new subscription has a new token, for the second slot',
  trap: 'the first request is unsigned and carries the secret: refused, so the token has to be taken before the URL is this one',
}
