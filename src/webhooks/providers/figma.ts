import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { token } from '../token.ts'

/**
 * Verifies the passcode of Figma webhooks (the member `passcode` of the JSON body, compared in constant time; nothing is
 * signed). There is no replay key unless the route says `deduplicate: 'body'`. Figma ends the webhook at once for an answer of
 * 400: a wrong passcode is a 401 here and every other 400 of the gateway a 422, so that a slip in the secret costs deliveries
 * and not the webhook. The passcode goes on to the origin within the body: keep it out of its logs, and answer no 400 there.
 * @example
 * import { figma } from 'sallyport/webhooks'
 *
 * export const authenticate = figma({ secret: 'STANDARD_WEBHOOK_SECRET', deduplicate: 'body' })
 */
export const figma = provider({
  name: 'figma',
  secretForm: "the webhook's passcode, 16 to 100 characters of visible ASCII",
  proof: token({ in: 'body', name: 'passcode', form: /^[!-~]{16,100}$/ }),
  refusalStatuses: { 400: 422 },
  redelivery: { automatic: true, horizonSeconds: 3 * 3600 + 35 * 60 },
})

export const facts: Facts = {
  title: 'Figma',
  source: 'developers.figma.com, "Webhooks: security"; retries after 5 min, 30 min and 3 h from memory',
  checked: '2026-11',
  rotation: 'one passcode per webhook: a second webhook takes the second slot',
  disablesAfter: 'one answer of 400',
  trap: 'the secret travels in the body: it reaches the origin, and whoever logs bodies there',
}
