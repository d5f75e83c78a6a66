import { provider } from '../provider.ts'
import { FINAL_AT_403 } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { token } from '../token.ts'

/**
 * Verifies the Basic authentication of Postmark webhooks (`Authorization`, RFC 7617; compared in constant time; nothing is
 * signed). The secret is `user:password` as one text, as it stands in the webhook's URL or settings. There is no replay key
 * unless the route says `deduplicate: 'body'`. Postmark stops its retries at a 403: a client that is blocked or not on the
 * route's list gets a 503 here, and the origin should not answer so either.
 * @example
 * import { postmark } from 'sallyport/webhooks'
 *
 * export const authenticate = postmark({ secret: 'STANDARD_WEBHOOK_SECRET', deduplicate: 'body' })
 */
export const postmark = provider({
  name: 'postmark',
  secretForm: 'user:password in ASCII, the password of 16 to 256 characters',
  proof: token({
    in: 'header',
    name: 'authorization',
    written: 'basic',
    form: /^[!-9;-~]{1,128}:[ -~]{15,255}[!-~]$/,
  }),
  refusalStatuses: FINAL_AT_403,
  redelivery: { automatic: true, horizonSeconds: 37_800 },
})

export const facts: Facts = {
  title: 'Postmark',
  source:
    'postmarkapp.com, "Webhooks overview" and "Understanding inbound webhook retries": 10 in about 10.5 hours; the timeout is documented for inbound mail alone, 2 minutes',
  checked: '2026-11',
  rotation: 'one pair; the gateway holds two',
  trap: 'nothing is signed: the body is as good as the connection; an answer of 403 ends the retries of a delivery',
}
