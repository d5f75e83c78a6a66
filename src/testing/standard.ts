import { decodeBase64, encodeBase64 } from '../lib/base64.ts'
import { hmacSha256, type SignedDelivery, unixSeconds } from './delivery.ts'

/**
 * Signs a delivery by Standard Webhooks (`webhook-signature` v1, HMAC-SHA256 over `{id}.{timestamp}.{body}`, in
 * base64). `id` is fresh and `timestamp`, in Unix seconds, now by default. With `alsoSecret` the header holds a second
 * signature, as while a sender rotates. Throws a TypeError for a secret that is not `whsec_` and base64.
 * @example
 * import { signStandard } from 'sallyport/testing'
 *
 * const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
 * const delivery = await signStandard({ secret, body: '{"type":"user.created"}' })
 * const request = new Request('https://gateway.test/webhooks/standard', { method: 'POST', ...delivery })
 */
export async function signStandard(options: {
  secret: string
  body: string
  id?: string
  timestamp?: number
  alsoSecret?: string
}): Promise<SignedDelivery> {
  const { secret, body, id = `msg_${crypto.randomUUID()}`, timestamp = unixSeconds(), alsoSecret } = options
  const secrets = alsoSecret === undefined ? [secret] : [secret, alsoSecret]
  const signatures = await Promise.all(
    secrets.map(async (text) => encodeBase64(await hmacSha256(keyOf(text), `${id}.${timestamp}.`, body))),
  )
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-signature': signatures.map((signature) => `v1,${signature}`).join(' '),
      'webhook-timestamp': String(timestamp),
    },
    body,
  }
}

function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  const key = decodeBase64(secret.replace(/^whsec_/, ''))
  if (!key?.length) throw new TypeError('signStandard: secret: is not whsec_ and base64')
  return key
}
