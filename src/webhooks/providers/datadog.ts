import { provider } from '../provider.ts'
import { FINAL_UNLESS_5XX } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { token } from '../token.ts'

/**
 * Verifies a header of your own that Datadog webhooks send (Custom Headers; its whole value is the secret, compared in constant
 * time; nothing is signed). Option `header` names it, `authorization` by default. There is no replay key unless the route says
 * `deduplicate: 'body'`; put `$ID` and `$DATE` into the payload then, or two genuine alerts may be equal. The payload is the one
 * that you write in Datadog; with "Encode as form" it comes as a form, and its schema sees the parameters.
 * @example
 * import { datadog } from 'sallyport/webhooks'
 *
 * export const authenticate = datadog({ secret: 'STANDARD_WEBHOOK_SECRET', header: 'x-datadog-token' })
 */
export const datadog = provider({
  name: 'datadog',
  secretForm: "the header's value, 16 to 512 characters of ASCII",
  proof: token({ in: 'stated header', name: 'authorization' }),
  content: [
    { mediaType: 'application/json', syntax: 'json' },
    { mediaType: 'application/x-www-form-urlencoded', syntax: 'form' },
  ],
  // A 4xx is final.
  refusalStatuses: FINAL_UNLESS_5XX,
  timeoutSeconds: 15,
  redelivery: { automatic: true, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Datadog',
  source:
    'docs.datadoghq.com, "Webhooks": 5 retries, after a 5xx alone; over how long they come is not documented',
  checked: '2026-11',
  rotation: 'one value; the gateway holds two',
  trap: 'nothing is signed: the body is as good as the connection; “Encode as form” makes a form of the payload',
}
