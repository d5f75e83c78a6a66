import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Entry, readCatalog } from '../../src/dev/catalog.ts'
import { demoOptions } from '../../src/dev/demo-providers.ts'
import { type SignedDelivery, sign } from '../../src/testing/index.ts'
import { filledBody } from '../../src/testing/sample.ts'
import { HOST, startGateway, type TestGateway } from '../wire/harness/gateway.ts'
import type { ProviderRoute } from '../wire/workers/providers.ts'
import type { Delivery } from './adapter.ts'
import { entries } from './all.ts'
import { eventFor, MARK } from './events.ts'
import { keyIdFor, secretFor, signingKeyFor } from './secrets.ts'

// The SDKs on one side, the gateway on workerd on the other.

const catalog = new Map((await readCatalog()).map((entry) => [entry.name, entry]))

/** The entry of a provider as the SDKs name it. */
function entryOf(provider: string): Entry {
  const entry = catalog.get(provider === 'standard-webhooks' ? 'standard' : provider)
  if (!entry) throw new Error(`there is no entry for ${provider}`)
  return entry
}

const secretName = (provider: string) => `SECRET_${provider.toUpperCase().replaceAll('-', '_')}`
const targetOf = (provider: string) => `/webhooks/${entryOf(provider).name}`
const urlOf = (provider: string) => `http://${HOST}${targetOf(provider)}`
const names = [...new Set(entries.map(([, provider]) => provider))]

/** What the receiver knows of the event that the tests send. */
function routeOf(provider: string): ProviderRoute {
  const { name, scheme, file } = entryOf(provider)
  const { event } = eventFor(provider, '', 0)
  const options = { ...demoOptions(scheme, file.sample) }
  return {
    name,
    options: {
      ...options,
      ...('secret' in options && scheme.secretForm !== undefined && { secret: secretName(provider) }),
      ...(scheme.topicHeader !== undefined && { events: [event, 'made'] }),
    },
  }
}

function bindings(): Record<string, string> {
  const all: Record<string, string> = { ROUTES: JSON.stringify(names.map(routeOf)) }
  for (const provider of names) {
    Object.assign(all, entryOf(provider).file.sample.bindings)
    all[secretName(provider)] = secretFor(provider)
  }
  // The ones that the SDKs' own keys stand for.
  all.BRAINTREE_PUBLIC_KEY = keyIdFor('braintree')
  all.SNS_CERTIFICATE = secretFor('aws-sns')
  return all
}

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/providers.ts', bindings: bindings() })
})
afterAll(() => gateway?.close())
beforeEach(() => gateway.origin.clear())

const send = (provider: string, { method, headers, body }: Delivery) =>
  gateway.call({ method, target: targetOf(provider), headers: Object.entries(headers), body })

let serial = 0
const freshId = () => `msg_${Date.now()}${++serial}`

const signing = entries.flatMap(([name, provider, { sign: signs }]) =>
  signs ? [[name, provider, signs] as const] : [],
)
const verifying = entries.flatMap(([name, provider, { verify }]) =>
  verify ? [[name, provider, verify] as const] : [],
)

describe('what an SDK signs', () => {
  test.each(signing)(
    '%s is accepted by the gateway, and not with a byte changed',
    async (_, provider, signs) => {
      const now = Date.now()
      const id = freshId()
      const event = eventFor(provider, id, now)
      const input = {
        secret: signingKeyFor(provider),
        keyId: keyIdFor(provider),
        url: urlOf(provider),
        id,
        now,
        ...event,
      }
      const delivery = await signs(input)
      const accepted = await send(provider, delivery)
      expect([accepted.status, accepted.text]).toEqual([200, expect.any(String)])
      const place = delivery.body.indexOf(MARK)
      const changed = {
        ...delivery,
        body: `${delivery.body.slice(0, place)}M${delivery.body.slice(place + 1)}`,
      }
      if (place >= 0) expect((await send(provider, changed)).status).toBe(401)
    },
  )
})

describe('what the gateway’s signers make', () => {
  test.each(verifying)('is accepted by %s', async (_, provider, verify) => {
    const now = Date.now()
    const id = freshId()
    const { body, event } = eventFor(provider, id, now)
    const { provider: entry, file } = entryOf(provider)
    const { sample } = file
    // An SDK makes a form of it; the signer takes what is to be in it, the public key among it.
    const isForm = provider === 'braintree'
    const delivery: SignedDelivery = await sign(entry, {
      secret: secretFor(provider),
      privateKey: signingKeyFor(provider),
      url: urlOf(provider),
      id,
      now,
      body: isForm ? filledBody(sample, now).replace('integration_public_key', keyIdFor(provider)) : body,
      ...(event !== '' && { event }),
      ...(sample.contentType !== undefined && { contentType: sample.contentType }),
      headers: { ...sample.headers, ...(provider === 'pusher' && { 'x-pusher-key': keyIdFor(provider) }) },
    })
    const received = { ...delivery, secret: secretFor(provider), keyId: keyIdFor(provider), now }
    expect(await verify(received)).toBe(true)
    const other = secretFor('stripe') === received.secret ? secretFor('mux') : secretFor('stripe')
    if (received.secret.length > 0 && !/BEGIN|^MFk/.test(received.secret)) {
      expect(await verify({ ...received, secret: other })).toBe(false)
    }
  })
})
