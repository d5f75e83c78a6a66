import { concatBytes, sha256, utf8 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import type { HashedProof } from '../webhooks/hashed.ts'
import type { SignedDelivery } from './delivery.ts'
import type { Draft } from './sign.ts'

/** Writes the hash and the version of the scheme into their headers. */
export async function signHashed({ by }: HashedProof, draft: Draft): Promise<SignedDelivery> {
  const { method, url, body, id, now, secrets } = draft
  const headers = new Map(new Headers(draft.headers))
  const message = await by.signs({ method, url, headers, now, body: utf8(body), id, time: '' })
  if (!message) throw new TypeError('sign: the request is not of the provider’s form')
  const hash = await sha256(concatBytes(utf8(secrets[0] ?? ''), message))
  const [version, value] = by.version
  return { method, url, headers: { ...draft.headers, [version]: value, [by.header]: encodeHex(hash) }, body }
}
