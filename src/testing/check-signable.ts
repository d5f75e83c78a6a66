import type { JwsProof } from '../webhooks/jws.ts'
import type { Scheme } from '../webhooks/scheme.ts'
import type { SignOptions } from './delivery.ts'

/** What a delivery is signed with. */
export interface SigningNeeds {
  secret: boolean
  /** The gateway has but the public half, or a certificate. */
  privateKey: boolean
}

/** What signs for a scheme. */
export function signingNeeds({ proof, secretForm }: Scheme): SigningNeeds {
  const byCertificate = proof.kind === 'aws-sns' || proof.kind === 'paypal'
  const byPublished = proof.kind === 'jws' && (proof as JwsProof).by.alg === 'ES256'
  const byPublicKey =
    proof.keys.length > 0 && proof.keys.every(({ algorithm }) => /^Ed25519$|^ECDSA/.test(algorithm.name))
  const privateKey = byCertificate || byPublished || byPublicKey
  // PayPal signs the webhook's id, which stands where others have a secret.
  return { secret: proof.kind === 'paypal' || (secretForm !== undefined && !privateKey), privateKey }
}

/** Members that the writers of bodies read, with dots. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  'aws-sns': ['Type'],
  braintree: ['bt_signature', 'bt_payload'],
  'dropbox-sign': ['event.event_type'],
}

/** Stops with a TypeError that names the option, before anything is signed that no gateway could take. */
export function checkSignable(scheme: Scheme, options: SignOptions): void {
  const { name, proof, topicHeader } = scheme
  const { secret, privateKey, body, event, now, headers = {} } = options
  const needs = signingNeeds(scheme)
  if (needs.secret && !secret) throw new TypeError('sign: secret: is missing')
  if (needs.privateKey && !privateKey)
    throw new TypeError(
      `sign: privateKey: is missing; ${name} signs with a key of which the gateway has the public half`,
    )
  if (typeof body !== 'string') throw new TypeError('sign: body: is no text')
  if (now !== undefined && !Number.isFinite(now))
    throw new TypeError('sign: now: is no number of milliseconds since the epoch')
  const isNamed = Object.keys(headers).some((header) => header.toLowerCase() === topicHeader)
  if (topicHeader !== undefined && !event && !isNamed)
    throw new TypeError(`sign: event: is missing; ${name} names it in ${topicHeader}`)
  if (proof.kind === 'embedded' || proof.kind === 'aws-sns') checkTexts(body, TEXTS[name] ?? [])
}

function checkTexts(body: string, paths: readonly string[]): void {
  const whole = objectIn(body)
  for (const path of paths) {
    let place: unknown = whole
    for (const name of path.split('.')) {
      place = isObject(place) && Object.hasOwn(place, name) ? place[name] : undefined
    }
    if (typeof place !== 'string') throw new TypeError(`sign: body: has no text at ${path}`)
  }
}

/** The JSON object that a text is. */
export function objectIn(json: string): Record<string, unknown> {
  let whole: unknown
  try {
    whole = JSON.parse(json)
  } catch {
    throw new TypeError('sign: body: is not JSON, and the signature or its time goes into it')
  }
  if (isObject(whole)) return whole
  throw new TypeError('sign: body: is no JSON object, and the signature or its time goes into it')
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
