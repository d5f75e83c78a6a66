import { sign } from 'sallyport/testing'
import { keepMargins, withMargins } from '../../../src/lib/margins.ts'
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
  times: number
}

/**
 * What is done with the deliveries that were made last. `nothing` is the way here and back, `bare` the runtime's own part, and
 * `signature` what the gateway does with headers and body as it has read them.
 */
export type Kind = 'nothing' | 'bare' | 'signature'

interface Delivery {
  sent: Sent
  asked: Asked
  signature: Uint8Array<ArrayBuffer>
  message: Uint8Array<ArrayBuffer>
}

const URL_SIGNED = 'https://gateway.test/webhooks'
let proof: SignedProof
let key: CryptoKey
let deliveries: readonly Delivery[] = []

async function make({ provider: name, secret, body: text, times }: Making): Promise<number> {
  const provider = Object.values(entries).find(({ scheme }) => scheme.name === name)
  if (!provider) throw new TypeError(`${name} is no provider`)
  const { scheme } = provider
  proof = scheme.proof as SignedProof
  const { tolerance } = proof
  const env = { SECRET: secret }
  const ring = await keyRing(scheme, 'SECRET')(env)
  if (!ring.ok) throw new TypeError('the secret is refused')
  const { keys } = ring.value
  key = keys[0]?.key as CryptoKey
  const signed = await sign(provider, { secret, body: text, url: URL_SIGNED, event: 'event' })
  const bytes = new TextEncoder().encode(signed.body)
  const made: Delivery[] = []
  for (let i = 0; i < times; i++) {
    const body = keepMargins(withMargins(bytes.length))
    body.set(bytes)
    const sent: Sent = {
      method: 'POST',
      url: URL_SIGNED,
      headers: new Map(new Headers(signed.headers)),
      now: Date.now(),
    }
    const means = { env } as unknown as Asked['means']
    const asked: Asked = { ...sent, body, keys, options: {}, tolerance, means }
    const read = proof.inspect(sent, tolerance)
    const checked = read.ok ? await proof.verify(read.value, asked) : read
    if (!read.ok || !checked.ok || !checked.value.message) throw new TypeError('the delivery is refused')
    const [list] = (read.value as ReadSignature).lists
    const signature = Uint8Array.from(list?.candidates[0]?.bytes ?? [])
    made.push({ sent, asked, signature, message: Uint8Array.from(checked.value.message) })
  }
  deliveries = made
  return made.length
}

async function run(kind: Kind): Promise<number> {
  let accepted = 0
  if (kind === 'bare') {
    for (const { signature, message } of deliveries) {
      if (await crypto.subtle.verify('HMAC', key, signature, message)) accepted++
    }
  }
  if (kind === 'signature') {
    for (const { sent, asked } of deliveries) {
      const read = proof.inspect(sent, proof.tolerance)
      if (read.ok && (await proof.verify(read.value, asked)).ok) accepted++
    }
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
