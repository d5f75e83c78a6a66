import { encodeBase64 } from '../../lib/base64.ts'
import { answerTo, once } from '../challenge.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/** What X makes: base64, in either alphabet. No brace, no quote, no `=` but at the end: neither an object nor a form. */
const CRC_TOKEN = /^[A-Za-z0-9+/_-]{1,256}={0,2}$/
const OPENING_BRACE = 0x7b

/**
 * Verifies deliveries of X webhooks (`x-twitter-webhooks-signature`, base64 HMAC-SHA256 over the raw body; no time is signed).
 * The replay key is the body's digest. The unsigned check `GET ?crc_token=…` is answered here, on a route with
 * `method: ['GET', 'POST']`: its answer is the HMAC of a text that anybody may choose, with the very secret that signs
 * deliveries. So a token has at most 256 characters of base64, and a delivery is a JSON object, which begins with a brace: no
 * text is both.
 * @example
 * import { xTwitter } from 'sallyport/webhooks'
 *
 * export const authenticate = xTwitter({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const xTwitter = provider({
  name: 'x-twitter',
  secretForm: "the app's consumer secret",
  proof: signed({
    signature: { header: 'x-twitter-webhooks-signature', form: 'sha256={base64}' },
    signs: ({ body }) => (body[0] === OPENING_BRACE ? body : undefined),
  }),
  greeting: {
    method: 'GET',
    async answer({ query, secrets: [secret] }) {
      const token = once(query, 'crc_token')
      if (token === undefined || secret === undefined || !CRC_TOKEN.test(token)) return undefined
      const response_token = `sha256=${encodeBase64(await answerTo(token, secret))}`
      return { status: 200, contentType: 'application/json', body: JSON.stringify({ response_token }) }
    },
  },
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'X (Twitter)',
  source:
    'docs.x.com, "Webhooks: quickstart"; developer.x.com, "Securing webhooks"; redelivery and timeout are not documented',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets, and answers checks with the current one',
  signs: '`{body}`',
  disablesAfter: 'one check, which comes every hour, without the right answer within 3 s',
  trap: 'the check signs any text with the secret of deliveries: what it answers and what is taken as a delivery are kept apart by form',
}
