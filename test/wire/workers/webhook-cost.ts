import { sign } from 'sallyport/testing'
import type { WebhookAuthenticator } from 'sallyport/webhooks'
import { decodeBase64 } from '../../../src/lib/base64.ts'
import { decodeBase64url } from '../../../src/lib/base64url.ts'
import { keepHeadroom, withHeadroom } from '../../../src/lib/headroom.ts'
import { decodeLowerHex } from '../../../src/lib/hex.ts'
import { keyRing } from '../../../src/webhooks/keys.ts'
import * as entries from '../../../src/webhooks/providers/index.ts'
import type { Asked, Sent } from '../../../src/webhooks/scheme.ts'
import type { ReadSignature, SignedProof } from '../../../src/webhooks/signed.ts'

// What the signature of a delivery costs beside the bare crypto.subtle.verify of the same bytes. Every delivery is verified
// once, as in life: bytes that are verified over and over are cheaper than any that has just arrived.

/** What deliveries are made of. */
export interface Making {
  provider: string
  secret: string
  body: string
  /** What this provider's options are beside secret and events. */
  options: Readonly<Record<string, unknown>>
  times: number
}

/**
 * What is done with the deliveries that were made last. `nothing` is the way here and back; `least` what nobody can leave out:
 * the headers are read, the signature is decoded, the bytes are verified.
 */
export type Kind = 'nothing' | 'bare' | 'least' | 'signature' | 'whole'

interface Made {
  sent: Sent
  asked: Asked
  signature: Uint8Array<ArrayBuffer>
  message: Uint8Array<ArrayBuffer>
}

type Facts = Parameters<WebhookAuthenticator['inspect']>[0]
type AnyProvider = (options: object) => WebhookAuthenticator

const URL_SIGNED = 'https://gateway.test/webhooks'
let made: readonly Made[] = []
let proof: SignedProof
let authenticator: WebhookAuthenticator
let env: Readonly<Record<string, unknown>>

async function make({ provider: name, secret, body, options, times }: Making): Promise<number> {
  const provider = Object.values(entries).find(({ scheme }) => scheme.name === name)
  if (!provider) throw new TypeError(`${name} is no provider`)
  const { scheme } = provider
  proof = scheme.proof as SignedProof
  env = { SECRET: secret }
  authenticator = (provider as unknown as AnyProvider)({
    secret: 'SECRET',
    ...(scheme.topicHeader !== undefined && { events: ['event'] }),
    ...options,
  })
  const ring = await keyRing(scheme, 'SECRET')(env)
  if (!ring.ok) throw new TypeError('the secret is refused')
  const { keys } = ring.value
  const delivery = await sign(provider, { secret, body, url: URL_SIGNED, event: 'event' })
  const encoded = new TextEncoder().encode(delivery.body)
  const making: Made[] = []
  for (let i = 0; i < times; i++) {
    // As the gateway reads it.
    const bytes = keepHeadroom(withHeadroom(encoded.length))
    bytes.set(encoded)
    const sent: Sent = {
      method: 'POST',
      url: URL_SIGNED,
      headers: new Headers(delivery.headers),
      now: Date.now(),
    }
    const asked: Asked = {
      ...sent,
      body: bytes,
      keys,
      options: {},
      tolerance: proof.tolerance,
      means: { env } as Asked['means'],
    }
    const read = proof.inspect(sent, proof.tolerance)
    const checked = read.ok ? await proof.verify(read.value, asked) : read
    if (!read.ok || !checked.ok || !checked.value.message) throw new TypeError('the delivery is refused')
    const [candidate] = (read.value as ReadSignature).candidates
    making.push({
      sent,
      asked,
      signature: Uint8Array.from(candidate?.bytes ?? []),
      message: Uint8Array.from(checked.value.message),
    })
  }
  made = making
  return made.length
}

async function run(kind: Kind): Promise<number> {
  let accepted = 0
  if (kind === 'bare') {
    const key = made[0]?.asked.keys[0]?.key as CryptoKey
    for (const { signature, message } of made) {
      if (await crypto.subtle.verify('HMAC', key, signature, message)) accepted++
    }
  }
  if (kind === 'least') accepted = await least()
  if (kind === 'signature') {
    for (const { sent, asked } of made) {
      const read = proof.inspect(sent, proof.tolerance)
      if (read.ok && (await proof.verify(read.value, asked)).ok) accepted++
    }
  }
  if (kind === 'whole') {
    const place = { method: 'POST', scheme: 'https', host: 'gateway.test', path: '/webhooks', search: '' }
    for (const { sent, asked } of made) {
      const facts = { ...place, request: { headers: sent.headers, url: sent.url }, client: {}, now: sent.now }
      const inspected = authenticator.inspect(facts as unknown as Facts, env)
      if (inspected.ok && (await inspected.value(asked.body, { env } as never)).ok) accepted++
    }
  }
  return accepted
}

const DECODERS = { 'hex}': decodeLowerHex, 'base64}': decodeBase64, 'base64url}': decodeBase64url }

/** Without a check of anything, and with the signed bytes already put together. */
async function least(): Promise<number> {
  const { signature, time, idHeader } = proof.by
  const names = [signature.header, time?.header, idHeader].flat().filter((name) => name !== undefined)
  const [form = ''] = [signature.form].flat()
  const [prefix = '', encoding] = form.split('{')
  const key = made[0]?.asked.keys[0]?.key as CryptoKey
  let accepted = 0
  for (const { sent, message } of made) {
    const [value = ''] = names.map((name) => sent.headers.get(name) ?? '')
    const text = value.slice(value.indexOf(prefix) + prefix.length)
    const decode = DECODERS[encoding as keyof typeof DECODERS]
    const bytes = decode?.(text)
    if (bytes && (await crypto.subtle.verify('HMAC', key, bytes, message))) accepted++
  }
  return accepted
}

export default {
  async fetch(request: Request): Promise<Response> {
    const asked = (await request.json()) as Making | Kind
    try {
      return Response.json({ accepted: typeof asked === 'string' ? await run(asked) : await make(asked) })
    } catch (error) {
      return Response.json({ accepted: String(error) })
    }
  },
}
