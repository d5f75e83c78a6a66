import { encodeBase64 } from '../lib/base64.ts'
import { encodeHex } from '../lib/hex.ts'
import type { Scheme } from '../webhooks/scheme.ts'
import { selfSigned } from './certificate.ts'
import { TEST_KID } from './sign-jws.ts'
import type { Sample } from './vector-file.ts'

/** A secret as the gateway has it, and what signs for it. */
export interface FreshSecret {
  /** Empty where the gateway has none, and its `bindings` say what it knows the provider by. */
  text: string
  /** PKCS #8 in base64, where the gateway has but the public half. */
  privateKey?: string
  /** Further secrets and vars that come with it. */
  bindings?: Readonly<Record<string, string>>
}

/** Texts to try, in order: a scheme takes the first that is of its form. */
const candidates: readonly (() => string)[] = [
  () => `test_${encodeHex(random(24))}`,
  () => `sallyport:${encodeHex(random(24))}`,
  () => `whsec_${encodeBase64(random(32))}`,
  () => encodeBase64(random(32)),
  () => encodeHex(random(32)),
]

/** Makes a random secret of the provider's form; undefined where it has none. */
export async function freshSecret(
  { name, secretForm, proof }: Scheme,
  sample: Pick<Sample, 'secrets' | 'options' | 'bindings'> = {},
): Promise<FreshSecret | undefined> {
  if (secretForm === undefined) return published(sample)
  if (sample.secrets) return { text: sample.secrets[0] }
  const [form] = proof.keys
  if (form?.algorithm.name === 'Ed25519') return ed25519Pair()
  if (form?.algorithm.name === 'ECDSA-P256') {
    const { publicKey, privateKey } = await p256Pair()
    return { text: await exported('spki', publicKey), privateKey: await exported('pkcs8', privateKey) }
  }
  for (const candidate of candidates) {
    const text = candidate()
    if (form?.decode(text)) return { text }
  }
  throw new TypeError(`${name}: no random text is of the form: ${secretForm}`)
}

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))

/** Keys that a provider publishes, pinned under the names that the sample's options give. */
async function published({ options = {}, bindings = {} }: Pick<Sample, 'options' | 'bindings'>) {
  const { certificate, key, webhookId } = options
  // PayPal's webhook id stands where others have a secret.
  const text = typeof webhookId === 'string' ? (bindings[webhookId] ?? '') : ''
  if (typeof certificate === 'string') {
    const made = await selfSigned()
    return { text, privateKey: made.privateKey, bindings: { [certificate]: made.certificate } }
  }
  if (typeof key !== 'string') return undefined
  const { publicKey, privateKey } = await p256Pair()
  const { kty, crv, x, y } = (await crypto.subtle.exportKey('jwk', publicKey)) as JsonWebKey
  const jwk = JSON.stringify({ kty, crv, x, y, alg: 'ES256', use: 'sig', kid: TEST_KID })
  return { text, privateKey: await exported('pkcs8', privateKey), bindings: { [key]: jwk } }
}

const p256Pair = () =>
  crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]) as Promise<CryptoKeyPair>

/** A key in base64. */
const exported = async (form: 'spki' | 'pkcs8', key: CryptoKey) =>
  encodeBase64(new Uint8Array((await crypto.subtle.exportKey(form, key)) as ArrayBuffer))

/** The public key in hex, as Discord has it. */
async function ed25519Pair(): Promise<FreshSecret> {
  const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair
  const publicKey = (await crypto.subtle.exportKey('raw', pair.publicKey)) as ArrayBuffer
  const privateKey = await exported('pkcs8', pair.privateKey)
  return { text: encodeHex(new Uint8Array(publicKey)), privateKey }
}
