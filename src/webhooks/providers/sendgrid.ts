import { ecdsaP256, spki } from '../ecdsa.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/** Retries go on for a day, and nobody says whether they are signed anew: an hour more than that. */
const TOLERANCE_SECONDS = 25 * 3600

/**
 * Verifies SendGrid's Event Webhook (`X-Twilio-Email-Event-Webhook-Signature`, ECDSA on P-256 with SHA-256 over time and raw
 * body, 25 h back for the retries of a day, 5 minutes ahead). The secret is the public key as SendGrid shows it. One request
 * holds many events, so that the replay key is the body's digest, whatever time a retry carries: each event has its own
 * `sg_event_id`. The body is an array, whose schema is `v.array(…)`: `v.looseObject` refuses it. It ends with a line break
 * that is signed.
 * @example
 * import { sendgrid } from 'sallyport/webhooks'
 *
 * export const authenticate = sendgrid({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const sendgrid = provider({
  name: 'sendgrid',
  secretForm: 'the verification key, a P-256 public key (SPKI) in base64',
  proof: signed({
    keys: [{ algorithm: ecdsaP256, decode: spki }],
    signature: { header: 'x-twilio-email-event-webhook-signature', form: '{base64}' },
    time: { header: 'x-twilio-email-event-webhook-timestamp', toleranceSeconds: TOLERANCE_SECONDS },
    // Nothing stands between them, and a digit moved from one to the other makes another century.
    signs: '{time}{body}',
  }),
  replay: 'body',
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'SendGrid Event Webhook',
  source: '@sendgrid/eventwebhook 8.0.0; retries and success from memory',
  checked: '2026-11',
  rotation: 'one key; the gateway holds two',
  trap: 'one request holds many events; the line breaks of the body are signed',
}
