import { encodeBase64url } from '../lib/base64url.ts'
import { sha256, utf8 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import type { JwsProof } from '../webhooks/jws.ts'
import type { SignedDelivery } from './delivery.ts'
import { importPrivate } from './make-signature.ts'
import type { Draft } from './sign.ts'

/** The `kid` of keys that are made for tests. */
export const TEST_KID = 'test-key-1'

/** Writes the claims that the scheme asks for into a token, and the token into its header. */
export async function signJws({ by }: JwsProof, draft: Draft): Promise<SignedDelivery> {
  const { method, url, body, now, id } = draft
  const seconds = Math.floor(now / 1000)
  const claims: Record<string, unknown> = { ...by.claims }
  for (const [at, name] of (by.tells ?? []).entries()) claims[name] = 1_000_001 + at
  if (by.urlClaim !== undefined) claims[by.urlClaim] = url
  if (by.idClaim !== undefined) claims[by.idClaim] = id
  if (by.time) {
    claims.iat = seconds
    claims[by.time.claim] = seconds
    // It ends when the tolerance does: what is exactly as old is taken, while a token is over at its `exp`.
    if (by.time.expires) claims.exp = seconds + by.time.toleranceSeconds + 1
  }
  if (by.bodyHash) {
    const digest = await sha256(utf8(body))
    claims[by.bodyHash.claim] = by.bodyHash.form === 'hex' ? encodeHex(digest) : encodeBase64url(digest)
  }
  const header = { alg: by.alg, typ: 'JWT', ...(by.alg === 'ES256' && { kid: TEST_KID }) }
  const message = [header, claims].map((part) => encodeBase64url(utf8(JSON.stringify(part)))).join('.')
  const signature = encodeBase64url(await signatureOf(by.alg, draft, utf8(message)))
  return { method, url, headers: { ...draft.headers, [by.header]: `${message}.${signature}` }, body }
}

async function signatureOf(
  alg: 'HS256' | 'ES256',
  draft: Draft,
  message: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  if (alg === 'ES256') {
    const key = await importPrivate(draft.privateKey, { name: 'ECDSA', namedCurve: 'P-256' })
    return new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, message))
  }
  const [secret] = draft.secrets
  if (secret === undefined) throw new TypeError('sign: secret: is missing')
  const key = await crypto.subtle.importKey('raw', utf8(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, message))
}
