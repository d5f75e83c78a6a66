import { encodeBase64 } from '../lib/base64.ts'
import { utf8 } from '../lib/digest.ts'
import type { TokenProof } from '../webhooks/token.ts'
import type { SignedDelivery } from './delivery.ts'
import type { Draft } from './sign.ts'
import { withMember } from './sign-headers.ts'

/**
 * Puts the secret where the provider sends it. Where routes name the header, it is `authorization`: for another one the test
 * adds its own `headers`.
 */
export async function sendToken({ by, keys }: TokenProof, draft: Draft): Promise<SignedDelivery> {
  const { method, url, headers, body, secrets } = draft
  const [secret = ''] = secrets
  if (!keys[0]?.decode(secret)) throw new TypeError('sign: secret: is not of the provider’s form')
  if (by.in === 'body') return { method, url, headers, body: withMember(body, by.name, secret) }
  const value = by.written === 'basic' ? `Basic ${encodeBase64(utf8(secret))}` : secret
  return { method, url, headers: { ...headers, [by.name]: value }, body }
}
