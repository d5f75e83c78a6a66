import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies webhooks of Sentry's integration platform (`Sentry-Hook-Signature`, HMAC-SHA256 over the raw body; no time
 * is signed). The replay key is the body's digest: two genuine deliveries with one body are one delivery for
 * `replay.ttl` (30 days). Resource, time and id stand in headers that nobody signs: read what happened from `action`
 * and `data` of the body.
 * @example
 * import { sentry } from 'sallyport/webhooks'
 *
 * export const authenticate = sentry({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const sentry = provider({
  name: 'sentry',
  secretForm: 'the client secret of the integration',
  proof: signed({ signature: { header: 'sentry-hook-signature', form: '{hex}' }, signs: '{body}' }),
  hintHeader: 'request-id',
  timeoutSeconds: 1,
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Sentry',
  source:
    'docs.sentry.io, "Webhooks" of the integration platform; sentry.io/changelog, October 2023, for the timeout; retries not documented',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: '1000 timeouts within 24 hours',
  trap: 'resource, time and id are unsigned headers; an answer has to come within a second',
  unsigned: ['sentry-hook-resource', 'sentry-hook-timestamp', 'request-id'],
}
