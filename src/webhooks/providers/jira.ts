import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Jira webhook deliveries (`X-Hub-Signature`, HMAC-SHA256 over the raw body; no time is taken from it). The
 * id that retries share, `X-Atlassian-Webhook-Identifier`, is not signed: the replay key is the body's digest, which
 * the event's `timestamp` in milliseconds makes different for each event. Webhooks of Connect apps come with a JWT
 * instead and are refused here.
 * @example
 * import { jira } from 'sallyport/webhooks'
 *
 * export const authenticate = jira({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const jira = provider({
  name: 'jira',
  secretForm: "the webhook's secret, as text",
  proof: signed({
    // The value names its method; SHA-256 is the one that Jira uses.
    signature: { header: 'x-hub-signature', form: 'sha256={hex}' },
    signs: '{body}',
  }),
  hintHeader: 'x-atlassian-webhook-identifier',
  timeoutSeconds: 20,
  redelivery: { automatic: true, horizonSeconds: 1800 },
})

export const facts: Facts = {
  title: 'Jira',
  source:
    'developer.atlassian.com, "Webhooks"; community.developer.atlassian.com, "New Jira Cloud webhook retry policy"; timeout through third parties; JWT of Connect apps from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'retries come after 408, 409, 425, 429 and 5xx: a 401 is not sent again',
  unsigned: ['x-atlassian-webhook-identifier', 'x-atlassian-webhook-retry', 'x-atlassian-webhook-flow'],
}
