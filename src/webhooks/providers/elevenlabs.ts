import { provider } from '../provider.ts'
import { FINAL_UNLESS_429_OR_5XX } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies ElevenLabs webhook deliveries (`ElevenLabs-Signature`, HMAC-SHA256 over time and raw body, 1800 s
 * into the past and 300 s into the future). ElevenLabs sends no id: the replay key is the body's digest, so
 * that a retry with a new time is the same delivery. Retries are off unless somebody switches them on, the
 * last of four comes 40 minutes after the first attempt, and after a 400, 401 or 403 there is none.
 * @example
 * import { elevenlabs } from 'sallyport/webhooks'
 *
 * export const authenticate = elevenlabs({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const elevenlabs = provider({
  name: 'elevenlabs',
  secretForm: "the webhook's secret, as text",
  proof: signed({
    signature: { header: 'elevenlabs-signature', form: 'v0={hex}', list: ',' },
    time: { item: 't=', toleranceSeconds: 1800 },
    signs: '{time}.{body}',
  }),
  // Nothing else of 4xx than 408 and 429 is sent again.
  refusalStatuses: FINAL_UNLESS_429_OR_5XX,
  replay: 'body',
  // Where it is switched on: after 30 s, 2, 8 and 30 minutes, each up to a tenth longer.
  redelivery: { automatic: false, horizonSeconds: 2_700 },
})

export const facts: Facts = {
  title: 'ElevenLabs',
  source: '@elevenlabs/elevenlabs-js 2.73 wrapper/webhooks; elevenlabs.io/docs, "Webhooks"',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  disablesAfter: '10 failures in a row and no success for 7 days',
  trap: 'retries are off by default, and only 408, 429 and 5xx are tried again',
}
