import { utf8 } from '../lib/digest.ts'
import type { SecretName } from '../names.ts'
import { type WebhookAuthenticator, webhook } from './engine.ts'
import { macFromHex } from './mac.ts'
import type { Scheme } from './scheme.ts'

/** github/docs, "Validating webhook deliveries"; read November 2026. Neither time, id nor event is signed. */
export const githubScheme: Scheme = {
  name: 'github',
  decodeSecret: utf8,
  secretForm: 'the text entered as the webhook secret',
  read(headers) {
    const header = headers.get('x-hub-signature-256')
    if (header === null) return { missing: 'x-hub-signature-256' }
    const signature = header.startsWith('sha256=') ? macFromHex(header.slice(7)) : undefined
    if (!signature) return { malformed: 'x-hub-signature-256' }
    return { signatures: [signature], prefix: '' }
  },
  toleranceSeconds: undefined,
  topicHeader: 'x-github-event',
  hintHeader: 'x-github-delivery',
  acknowledgement: { status: 200 },
  redelivery: {
    automatic: false,
    horizonSeconds: 0,
    disablesAfter: undefined,
    source: 'docs.github.com, "Handling failed webhook deliveries"',
  },
}

/**
 * Verifies GitHub webhook deliveries (`X-Hub-Signature-256`, HMAC-SHA256 over the raw body).
 * GitHub signs neither id nor event: the replay key is the body's digest with the event, which has to be one
 * of `events`. Two genuine deliveries with one body and event are one delivery for `replay.ttl` (30 days).
 * @example
 * import { github } from 'sallyport/webhooks'
 *
 * export const authenticate = github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push', 'ping'] })
 */
export const github = (options: {
  /** The secret's name; a second one for rotation is read from the same name with `_NEXT`. */
  secret: SecretName
  /** The events that the route takes; others are refused. */
  events: readonly [string, ...string[]]
}): WebhookAuthenticator => webhook(githubScheme, options)
