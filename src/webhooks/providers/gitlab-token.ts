import { provider } from '../provider.ts'
import { FINAL_UNLESS_5XX } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { token } from '../token.ts'

/**
 * Verifies the secret token of GitLab webhooks (`X-Gitlab-Token`, compared in constant time; nothing is signed). Whoever reads
 * one request can send any, and there is no replay key unless the route says `deduplicate: 'body'`. Where your GitLab has
 * signing tokens, use `gitlabSigning` in its place.
 * @example
 * import { gitlabToken } from 'sallyport/webhooks'
 *
 * export const authenticate = gitlabToken({ secret: 'STANDARD_WEBHOOK_SECRET', deduplicate: 'body' })
 */
export const gitlabToken = provider({
  name: 'gitlab-token',
  secretForm: "the webhook's secret token, 16 to 512 characters of ASCII",
  proof: token({ in: 'header', name: 'x-gitlab-token' }),
  hintHeader: 'idempotency-key',
  // Until GitLab 17.11 four answers of 4xx in a row switched a webhook off for good, and a 5xx only for a while.
  refusalStatuses: FINAL_UNLESS_5XX,
  timeoutSeconds: 10,
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'GitLab (secret token)',
  source:
    'docs.gitlab.com, "Webhooks"; about.gitlab.com, November 2024, on webhooks that heal themselves; gitlab.com/gitlab-com/gl-infra/delivery 19320; an old copy speaks of retries after a timeout, for how long is not documented',
  checked: '2026-11',
  rotation: 'one token; the gateway holds two',
  disablesAfter:
    '40 failures in a row for good, and after 4 for a while; before GitLab 17.11 after 4 answers of 4xx for good',
  trap: 'a bearer secret: the body, the event and the Idempotency-Key are as good as the connection',
  unsigned: ['idempotency-key', 'x-gitlab-event', 'x-gitlab-event-uuid'],
}
