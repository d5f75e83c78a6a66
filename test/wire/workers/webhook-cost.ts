import { sign } from 'sallyport/testing'
import type { WebhookAuthenticator } from 'sallyport/webhooks'
import * as webhooks from 'sallyport/webhooks'
import { keyRing } from '../../../src/webhooks/keys.ts'
import type { Sent } from '../../../src/webhooks/scheme.ts'
import type { SignedProof } from '../../../src/webhooks/signed.ts'

// What the signature of a delivery costs beside the bare crypto.subtle.verify of the same bytes.

/** What is done, how often. `nothing` is the way here and back. */
export interface Work {
  kind: 'nothing' | 'bare' | 'signature' | 'whole'
  provider: string
  secret: string
  body: string
  /** What this provider's options are beside secret and events. */
  options: Readonly<Record<string, unknown>>
  times: number
}

type Facts = Parameters<WebhookAuthenticator['inspect']>[0]
type AnyProvider = (options: object) => WebhookAuthenticator
const providers = Object.values(webhooks).filter((value) => typeof value === 'function' && 'scheme' in value)

async function run({ kind, provider: name, secret, body, options, times }: Work): Promise<number> {
  if (kind === 'nothing') return 0
  const provider = providers.find(({ scheme }) => scheme.name === name)
  if (!provider) throw new TypeError(`${name} is no provider`)
  const { scheme } = provider
  const proof = scheme.proof as SignedProof
  const now = Date.now()
  const url = 'https://gateway.test/webhooks'
  const delivery = await sign(provider, { secret, body, now, url, event: 'event' })
  const headers = new Headers(delivery.headers)
  const bytes = new TextEncoder().encode(delivery.body) as Uint8Array<ArrayBuffer>
  const ring = await keyRing(scheme, 'SECRET')({ SECRET: secret })
  if (!ring.ok) throw new TypeError('the secret is refused')
  const { keys } = ring.value
  const sent: Sent = { method: 'POST', url, headers, now }
  const read = proof.inspect(sent, proof.tolerance)
  if (!read.ok) throw new TypeError(read.denial.reason)
  const asked = { ...sent, body: bytes, keys, options: {}, tolerance: proof.tolerance, means: {} as never }
  const first = await proof.verify(read.value, asked)
  const message = first.ok ? first.value.message : undefined
  if (!message) throw new TypeError('the delivery is refused')
  const { candidates } = read.value as { candidates: { bytes: Uint8Array<ArrayBuffer> }[] }
  let accepted = 0
  if (kind === 'bare') {
    const key = keys[0]?.key as CryptoKey
    const signature = candidates[0]?.bytes ?? new Uint8Array()
    for (let i = 0; i < times; i++)
      if (await crypto.subtle.verify('HMAC', key, signature, message)) accepted++
    return accepted
  }
  if (kind === 'signature') {
    for (let i = 0; i < times; i++) {
      const again = proof.inspect(sent, proof.tolerance)
      if (again.ok && (await proof.verify(again.value, asked)).ok) accepted++
    }
    return accepted
  }
  const authenticator = (provider as unknown as AnyProvider)({
    secret: 'SECRET',
    ...(scheme.topicHeader !== undefined && { events: ['event'] }),
    ...options,
  })
  const env = { SECRET: secret }
  const facts = {
    request: { headers, url: 'https://gateway.test/webhooks' },
    client: { key: undefined },
    now,
    method: 'POST',
    scheme: 'https',
    host: 'gateway.test',
    path: '/webhooks',
    search: '',
  }
  for (let i = 0; i < times; i++) {
    const inspected = authenticator.inspect(facts as unknown as Facts, env)
    if (inspected.ok && (await inspected.value(bytes, { env } as never)).ok) accepted++
  }
  return accepted
}

export default {
  async fetch(request: Request): Promise<Response> {
    const work = (await request.json()) as Work
    try {
      return Response.json({ accepted: await run(work) })
    } catch (error) {
      return Response.json({ accepted: `${work.provider}: ${error}` })
    }
  },
}
