import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { token } from '../token.ts'

/**
 * Verifies the token of Auth0's log and event streams (`Authorization`, or the header that option `header` names; its whole
 * value is the secret, compared in constant time; nothing is signed). A log stream sends its Authorization Token as it is
 * written; an event stream with a bearer token sends `Bearer ` before it, and then the secret begins with `Bearer ` too. There is
 * no replay key unless the route says `deduplicate: 'body'`. For a body schema choose the content format JSON Array or JSON
 * Object: JSON Lines are no JSON document, and the schema of an array is `v.array(…)`.
 * @example
 * import { auth0 } from 'sallyport/webhooks'
 *
 * export const authenticate = auth0({ secret: 'STANDARD_WEBHOOK_SECRET', deduplicate: 'body' })
 */
export const auth0 = provider({
  name: 'auth0',
  secretForm: "the header's whole value, 16 to 512 characters of ASCII",
  proof: token({ in: 'stated header', name: 'authorization' }),
  // Log streams: three attempts, begun anew for 7 days. Event streams retry too; for how long is not documented.
  redelivery: { automatic: true, horizonSeconds: 7 * 86_400 },
})

export const facts: Facts = {
  title: 'Auth0',
  source:
    'auth0.com/docs, "Create custom log streams using webhooks", "Log streams" and "Event testing, observability, and failure recovery"; timeout not documented in what was seen',
  checked: '2026-11',
  rotation: 'one value; the gateway holds two',
  disablesAfter: '7 days of failures (log streams), or 500 failures in a row or 5,000 in all (event streams)',
  trap: 'nothing is signed: the body is as good as the connection',
}
