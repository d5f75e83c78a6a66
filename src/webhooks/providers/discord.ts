import { decodeHex } from '../../lib/hex.ts'
import { hasSmallOrder } from '../../lib/small-order.ts'
import { ed25519 } from '../algorithms.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/** The 32 bytes of an Ed25519 public key in hex; one that anybody can sign for is none. */
function publicKey(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = decodeHex(text)
  return bytes?.length === 32 && !hasSmallOrder(bytes) ? bytes : undefined
}

/**
 * Verifies Discord interactions and webhook events (`X-Signature-Ed25519` over time and raw body, 300 s both ways). The secret
 * is the application's public key. The replay key is an interaction's `id`; webhook events have none and are known by the
 * body's digest, whatever time a retry carries. Both PINGs are answered here once they are verified: 200 with
 * `{"type":1}` for interactions, 204 for webhook events. Discord sends bad signatures on purpose and wants its 401.
 * @example
 * import { discord } from 'sallyport/webhooks'
 *
 * export const authenticate = discord({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const discord = provider({
  name: 'discord',
  secretForm: "the application's public key, 64 hex digits",
  proof: signed({
    keys: [{ algorithm: ed25519, decode: publicKey }],
    signature: { header: 'x-signature-ed25519', form: '{hex}' },
    time: { header: 'x-signature-timestamp', toleranceSeconds: 300 },
    // Nothing stands between them, and a digit moved from one to the other makes another century.
    signs: '{time}{body}',
  }),
  bodyId: 'id',
  handshake({ json }) {
    // A webhook event that carries something is of type 1, which among interactions is the PING.
    if (json.type === 1 && !Object.hasOwn(json, 'event')) {
      return { status: 200, contentType: 'application/json', body: '{"type":1}' }
    }
    return json.type === 0 ? { status: 204, contentType: 'application/json' } : undefined
  },
  acknowledgement: { status: 204 },
  timeoutSeconds: 3,
  replay: 'body',
  redelivery: { automatic: true, horizonSeconds: 600 },
})

export const facts: Facts = {
  title: 'Discord',
  source:
    'discord/discord-api-docs, "Interactions overview" and "Webhook events"; discord-interactions; unit of the time from memory',
  checked: '2026-11',
  rotation: 'one public key; the gateway holds two',
  trap: 'the two PINGs want different answers, and webhook events have no id: they are known by their body, whatever time a retry carries',
}
