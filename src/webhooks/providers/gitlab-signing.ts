import { hmacSha256 } from '../algorithms.ts'
import { provider } from '../provider.ts'
import { FINAL_UNLESS_5XX } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { standardWebhooks, whsecPrefixed } from '../standard-webhooks.ts'

const KEY_BYTES = 32

/**
 * Verifies GitLab webhook deliveries that carry a signing token's signature (`webhook-signature` v1,
 * HMAC-SHA256 over id, time and raw body, 300 s both ways). The replay key is the signed `webhook-id`, which
 * GitLab also sends as `Idempotency-Key` and keeps where somebody resends a delivery by hand.
 * `X-Gitlab-Token` may stand beside it and proves nothing here: hooks that have a secret token and no signing
 * token need `gitlabToken`.
 * @example
 * import { gitlabSigning } from 'sallyport/webhooks'
 *
 * export const authenticate = gitlabSigning({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const gitlabSigning = provider({
  name: 'gitlab-signing',
  secretForm: 'whsec_ and 32 bytes in base64',
  proof: standardWebhooks('webhook', [
    {
      algorithm: hmacSha256,
      decode(secret) {
        const bytes = whsecPrefixed(secret)
        return bytes?.length === KEY_BYTES ? bytes : undefined
      },
    },
  ]),
  // Until GitLab 17.11 four answers of 4xx in a row switched a webhook off for good, and a 5xx only for a while.
  refusalStatuses: FINAL_UNLESS_5XX,
  timeoutSeconds: 10,
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'GitLab (signing token)',
  source:
    'gitlab.com merge requests 230944 and 231325 (feature flag webhook_signing_token); about.gitlab.com, November 2024, on webhooks that heal themselves; redelivery not documented there; timeout from memory',
  checked: '2026-11',
  rotation: 'a list of signatures in one header; the gateway holds two secrets',
  disablesAfter:
    '40 failures in a row for good, and after 4 for a while; before GitLab 17.11 after 4 answers of 4xx for good',
  trap: 'newer than X-Gitlab-Token, which is a bearer secret and may be sent beside it',
  unsigned: ['x-gitlab-event', 'x-gitlab-token', 'x-gitlab-event-uuid', 'idempotency-key'],
}
