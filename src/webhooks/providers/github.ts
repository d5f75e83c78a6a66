import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies GitHub webhook deliveries (`X-Hub-Signature-256`, HMAC-SHA256 over the raw body).
 * GitHub signs neither id nor event: the replay key is the body's digest with the event, which has to be one
 * of `events`. Two genuine deliveries with one body and event are one delivery for `replay.ttl` (30 days).
 * A webhook of content type `application/x-www-form-urlencoded` sends a form, whose encoded bytes are signed: its
 * schema sees the event as a text of JSON in `payload`.
 * @example
 * import { github } from 'sallyport/webhooks'
 *
 * export const authenticate = github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push', 'ping'] })
 */
export const github = provider({
  name: 'github',
  secretForm: 'the text entered as the webhook secret',
  proof: signed({
    signature: { header: 'x-hub-signature-256', form: 'sha256={hex}' },
    signs: '{body}',
  }),
  topicHeader: 'x-github-event',
  hintHeader: 'x-github-delivery',
  content: [
    { mediaType: 'application/json', syntax: 'json' },
    { mediaType: 'application/x-www-form-urlencoded', syntax: 'form' },
  ],
  timeoutSeconds: 10,
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'GitHub',
  source: 'docs.github.com, "Validating webhook deliveries" and "Handling failed webhook deliveries"',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'a webhook whose content type is a form sends the event as a text of JSON in the parameter payload, which a schema of the event itself refuses',
  unsigned: ['x-github-event', 'x-github-delivery'],
}
