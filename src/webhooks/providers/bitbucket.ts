import { provider } from '../provider.ts'
import { FINAL_UNLESS_5XX } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Bitbucket webhook deliveries (`X-Hub-Signature`, HMAC-SHA256 over the raw body; no time is signed).
 * Bitbucket signs neither id nor event: the replay key is the body's digest with the event of `X-Event-Key`, which has
 * to be one of `events`. Two genuine deliveries with one body and event are one delivery for `replay.ttl` (30 days).
 * The header has the name of GitHub's old SHA-1 signature, which is never taken here. Cloud and Data Center sign
 * alike.
 * @example
 * import { bitbucket } from 'sallyport/webhooks'
 *
 * export const authenticate = bitbucket({ secret: 'STANDARD_WEBHOOK_SECRET', events: ['repo:push'] })
 */
export const bitbucket = provider({
  name: 'bitbucket',
  secretForm: "the webhook's secret, as text",
  proof: signed({
    signature: { header: 'x-hub-signature', form: 'sha256={hex}' },
    signs: '{body}',
  }),
  topicHeader: 'x-event-key',
  hintHeader: 'x-request-uuid',
  // A 4xx is final.
  refusalStatuses: FINAL_UNLESS_5XX,
  timeoutSeconds: 10,
  // Two more attempts after a 5xx; the time between them is not documented.
  redelivery: { automatic: true, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Bitbucket',
  source: 'support.atlassian.com, "Troubleshoot webhooks" (Cloud); @coderabbitai/bitbucket (Data Center)',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'the header is named as the SHA-1 one of GitHub and holds SHA-256; a 401 is not sent again, only a 5xx is',
  unsigned: ['x-event-key', 'x-request-uuid', 'x-request-id', 'x-hook-uuid', 'x-attempt-number'],
}
