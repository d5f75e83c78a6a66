import { utf8 } from '../lib/digest.ts'
import { hmacSha256 } from '../webhooks/algorithms.ts'
import type { EmbeddedBy, EmbeddedProof, Write } from '../webhooks/embedded.ts'
import { compileForm } from '../webhooks/encoding.ts'
import { type KeyForm, text } from '../webhooks/keys.ts'
import { write as adyenPayments } from '../webhooks/providers/adyen-payments.ts'
import { write as braintree } from '../webhooks/providers/braintree.ts'
import { write as dropboxSign } from '../webhooks/providers/dropbox-sign.ts'
import { write as mailgun } from '../webhooks/providers/mailgun.ts'
import type { SignedDelivery } from './delivery.ts'
import { makeSignature } from './make-signature.ts'
import type { Draft } from './sign.ts'
import { writtenTime } from './sign-headers.ts'

const writers: Readonly<Record<string, Write>> = {
  'adyen-payments': adyenPayments,
  braintree,
  'dropbox-sign': dropboxSign,
  mailgun,
}

/** Writes the signature, the time and the id into the body, in the way that the provider's entry knows. */
export async function signEmbedded({ by }: EmbeddedProof, draft: Draft): Promise<SignedDelivery> {
  const { name, method, url, headers, id, privateKey } = draft
  const write = writers[name]
  if (!write) throw new TypeError(`sign: nothing writes a body as ${name} does`)
  const [secret = ''] = draft.secrets
  const { prefix, encoding } = compileForm(by.form, undefined)
  const key = await keyFormOf(by, secret)
  const { body, contentType } = await write(draft.body, {
    time: by.time ? writtenTime(draft.now, by.time.unit) : '',
    id,
    sign: async (message) =>
      prefix + encoding.encode(await makeSignature(key, { secret, privateKey }, utf8(message))),
  })
  const own = contentType === undefined ? headers : { ...headers, 'content-type': contentType }
  return { method, url, headers: own, body }
}

async function keyFormOf(
  { algorithm = hmacSha256, decode = text, keyDigest }: EmbeddedBy,
  secret: string,
): Promise<KeyForm> {
  const bytes = decode(secret)
  if (keyDigest === undefined || !bytes) return { algorithm, decode }
  const key = new Uint8Array(await crypto.subtle.digest(keyDigest, bytes))
  return { algorithm, decode: () => key }
}
