import { jws } from '../jws.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'

/**
 * Verifies Netlify's outgoing webhooks (`X-Webhook-Signature`, a JWS with HS256 whose claims are `iss` and the SHA-256 of the
 * raw body in hex). No time is signed, and an id stands only in the body, where a deploy has the same one in each of its states:
 * the replay key is the body's digest, for `replay.ttl` (30 days).
 * @example
 * import { netlify } from 'sallyport/webhooks'
 *
 * export const authenticate = netlify({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const netlify = provider({
  name: 'netlify',
  secretForm: 'the JWS secret token of the notification',
  proof: jws({
    header: 'x-webhook-signature',
    alg: 'HS256',
    claims: { iss: 'netlify' },
    bodyHash: { claim: 'sha256', form: 'hex' },
  }),
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Netlify',
  source:
    'gitlab.com/jamietanna/www-api !158; simstudioai/sim 4518; that no time is signed, from memory; retries and timeout not documented',
  checked: '2026-11',
  rotation: 'one secret; the gateway holds two',
  signs: 'a token with issuer and SHA-256 of the body',
  unsigned: ['x-netlify-event'],
}
