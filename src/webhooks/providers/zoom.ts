import { encodeHex } from '../../lib/hex.ts'
import { answerTo } from '../challenge.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/** Zoom's have 22 characters. Without a colon none of them can be the signed text of a delivery, `v0:…`. */
const PLAIN_TOKEN = /^[A-Za-z0-9_-]{1,128}$/

/**
 * Verifies Zoom webhook deliveries (`x-zm-signature`, HMAC-SHA256 over version, time and raw body; 100 minutes into the past,
 * so that the last of its retries passes, and 5 ahead). The replay key is the body's digest: a retry may carry a new time, and
 * the body holds the event with its own time in milliseconds. `endpoint.url_validation`, which Zoom repeats every 72 hours, is
 * answered here, once its signature is verified.
 * @example
 * import { zoom } from 'sallyport/webhooks'
 *
 * export const authenticate = zoom({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const zoom = provider({
  name: 'zoom',
  secretForm: "the app's secret token",
  proof: signed({
    signature: { header: 'x-zm-signature', form: 'v0={hex}' },
    // Retries come after 5, 25 and 85 minutes, and nobody says that they are signed anew.
    time: { header: 'x-zm-request-timestamp', toleranceSeconds: 6_000 },
    signs: 'v0:{time}:{body}',
  }),
  replay: 'body',
  async handshake({ json: { event, payload }, secrets: [secret] }) {
    if (event !== 'endpoint.url_validation' || secret === undefined) return undefined
    const { plainToken } = (payload ?? {}) as { plainToken?: unknown }
    if (typeof plainToken !== 'string' || !PLAIN_TOKEN.test(plainToken)) return undefined
    const encryptedToken = encodeHex(await answerTo(plainToken, secret))
    return {
      status: 200,
      contentType: 'application/json',
      body: JSON.stringify({ plainToken, encryptedToken }),
    }
  },
  timeoutSeconds: 3,
  redelivery: { automatic: true, horizonSeconds: 85 * 60 },
})

export const facts: Facts = {
  title: 'Zoom',
  source:
    'zoom/webhook-sample; devsupport.zoom.us, "Webhook delays"; that the time is in seconds from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets, and validates the URL with the current one',
  disablesAfter: 'a failed validation of the URL, which comes every 72 hours',
  trap: 'the answer to a validation is an HMAC with the same secret: only signed ones are answered, and no text with a colon',
}
