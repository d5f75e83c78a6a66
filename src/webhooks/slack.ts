import { utf8 } from '../lib/digest.ts'
import type { SecretName } from '../names.ts'
import { type WebhookAuthenticator, webhook } from './engine.ts'
import { macFromHex } from './mac.ts'
import { parseUnixSeconds, type Scheme } from './scheme.ts'

/** Characters; Slack's own have 52. */
const MAX_CHALLENGE = 256

/** docs.slack.dev, "Verifying requests from Slack"; read November 2026. */
export const slackScheme: Scheme = {
  name: 'slack',
  decodeSecret: utf8,
  secretForm: "the app's signing secret",
  read(headers) {
    const header = headers.get('x-slack-signature')
    if (header === null) return { missing: 'x-slack-signature' }
    const time = headers.get('x-slack-request-timestamp')
    if (time === null) return { missing: 'x-slack-request-timestamp' }
    const signature = header.startsWith('v0=') ? macFromHex(header.slice(3)) : undefined
    if (!signature) return { malformed: 'x-slack-signature' }
    const timestamp = parseUnixSeconds(time)
    if (timestamp === undefined) return { malformed: 'x-slack-request-timestamp' }
    return { signatures: [signature], timestamp, prefix: `v0:${timestamp}:` }
  },
  toleranceSeconds: 300,
  bodyId: (json) => json.event_id,
  handshake(json) {
    const challenge = json.challenge
    if (
      json.type !== 'url_verification' ||
      typeof challenge !== 'string' ||
      challenge.length > MAX_CHALLENGE
    ) {
      return undefined
    }
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: challenge }
  },
  acknowledgement: { status: 200 },
  redelivery: {
    automatic: true,
    horizonSeconds: 3600,
    disablesAfter: 'more than 95 % failures in 60 minutes',
    source: 'docs.slack.dev, "Events API"; not read again for this entry',
  },
}

/**
 * Verifies requests from Slack (`X-Slack-Signature`, HMAC-SHA256 over version, time and raw body, 300 s both ways).
 * The replay key is the Events API's `event_id`; bodies without one are known by what was signed. The signed
 * `url_verification` handshake is answered here.
 * @example
 * import { slack } from 'sallyport/webhooks'
 *
 * export const authenticate = slack({ secret: 'SLACK_SIGNING_SECRET' })
 */
export const slack = (options: {
  /** The secret's name; a second one for rotation is read from the same name with `_NEXT`. */
  secret: SecretName
}): WebhookAuthenticator => webhook(slackScheme, options)
