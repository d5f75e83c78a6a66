import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/** Characters; Slack's own have 52. */
const MAX_CHALLENGE = 256

/**
 * Verifies requests from Slack (`X-Slack-Signature`, HMAC-SHA256 over version, time and raw body, 300 s both ways).
 * The replay key is the Events API's `event_id`; bodies without one are known by what was signed. The signed
 * `url_verification` handshake is answered here.
 * @example
 * import { slack } from 'sallyport/webhooks'
 *
 * export const authenticate = slack({ secret: 'SLACK_SIGNING_SECRET' })
 */
export const slack = provider({
  name: 'slack',
  secretForm: "the app's signing secret",
  proof: signed({
    signature: { header: 'x-slack-signature', form: 'v0={hex}' },
    time: { header: 'x-slack-request-timestamp', toleranceSeconds: 300 },
    signs: 'v0:{time}:{body}',
  }),
  bodyId: 'event_id',
  handshake({ json: { type, challenge } }) {
    if (type !== 'url_verification') return undefined
    if (typeof challenge !== 'string' || challenge.length > MAX_CHALLENGE) return undefined
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: challenge }
  },
  content: [
    { mediaType: 'application/json', syntax: 'json' },
    { mediaType: 'application/x-www-form-urlencoded', syntax: 'form' },
  ],
  timeoutSeconds: 3,
  redelivery: { automatic: true, horizonSeconds: 3600 },
})

export const facts: Facts = {
  title: 'Slack',
  source: 'docs.slack.dev, "Verifying requests from Slack"; @slack/bolt; "Events API" not read again',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: 'more than 95 % failures in 60 minutes',
}
