import { once } from '../challenge.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/** A random text: nothing of it may mean anything to a browser. */
const CHALLENGE = /^[A-Za-z0-9._~-]{1,256}$/

/**
 * Verifies Dropbox webhook deliveries (`X-Dropbox-Signature`, HMAC-SHA256 over the raw body; no time is signed). There is no
 * replay key: a delivery only names the accounts that have changed, so two genuine ones are often equal and a copy is one more
 * look at what is new. The unsigned handshake, `GET ?challenge=…`, is answered here as plain text, on a route with
 * `method: ['GET', 'POST']`.
 * @example
 * import { dropbox } from 'sallyport/webhooks'
 *
 * export const authenticate = dropbox({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const dropbox = provider({
  name: 'dropbox',
  secretForm: "the app's secret",
  proof: signed({
    signature: { header: 'x-dropbox-signature', form: '{hex}' },
    signs: '{body}',
  }),
  replay: 'none',
  greeting: {
    method: 'GET',
    answer({ query }) {
      const challenge = once(query, 'challenge')
      if (challenge === undefined || !CHALLENGE.test(challenge)) return undefined
      return { status: 200, contentType: 'text/plain; charset=utf-8', body: challenge }
    },
  },
  timeoutSeconds: 10,
  redelivery: { automatic: true, horizonSeconds: 600 },
})

export const facts: Facts = {
  title: 'Dropbox',
  source:
    'dropbox.com/developers/reference/webhooks; that the signature is in hex, and 10 s for deliveries too, from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'equal bodies are different deliveries: there is no replay protection',
}
