import { provider } from '../provider.ts'
import { FINAL_AT_403, FINAL_UNLESS_429_OR_5XX } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies PagerDuty V3 webhook deliveries (`X-PagerDuty-Signature`, HMAC-SHA256 over the raw body; no time
 * is signed). The replay key is the event's `event.id`: a copy is accepted again after `replay.ttl` (30
 * days). The secret is used as text, although it looks like base64. `pagey.ping`, which PagerDuty sends on
 * request, reaches the origin like any event.
 * @example
 * import { pagerduty } from 'sallyport/webhooks'
 *
 * export const authenticate = pagerduty({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const pagerduty = provider({
  name: 'pagerduty',
  secretForm: "the subscription's secret, as text",
  proof: signed({
    signature: { header: 'x-pagerduty-signature', form: 'v1={hex}', list: ',' },
    signs: '{body}',
  }),
  bodyId: 'event.id',
  // Any other 4xx drops the event, and three dropped in a row switch the subscription off.
  refusalStatuses: { ...FINAL_UNLESS_429_OR_5XX, ...FINAL_AT_403 },
  timeoutSeconds: 5,
  redelivery: { automatic: true, horizonSeconds: 2 * 86_400 },
})

export const facts: Facts = {
  title: 'PagerDuty',
  source:
    'PagerDuty/developer-docs 04-Signatures.md and 02-Behavior.md; go-pagerduty webhookv3; ping from memory',
  checked: '2026-11',
  rotation: 'several v1 in one header while a secret rolls',
  disablesAfter: '3 dropped events in a row, for 24 hours',
  trap: 'an answer of 4xx other than 429 drops the event; while one is tried again, for up to 48 hours, those behind it on the same resource wait',
  unsigned: ['x-webhook-id'],
}
