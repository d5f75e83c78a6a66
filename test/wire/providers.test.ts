import { createHmac } from 'node:crypto'
import { sign } from 'sallyport/testing'
import { github, shopify, slack, standard, stripe } from 'sallyport/webhooks'
import { describe, expect, it } from 'vitest'
import { problem, secrets, startGateway } from './harness/gateway.ts'
import { useGateway } from './harness/use.ts'

const gateway = useGateway()

interface Delivery {
  headers: Record<string, string>
  body: string
}

let serial = 0
const freshBody = () => JSON.stringify({ id: `evt_${process.pid}_${++serial}`, name: 'Zoë' })
const json = { 'content-type': 'application/json' }

/** Each provider's delivery, and what of it is signed. The SDKs of the providers sign in test/sdks. */
const providers: Record<
  string,
  { path: string; sign: (body: string) => Promise<Delivery>; signed: string[] }
> = {
  stripe: {
    path: '/webhooks/stripe',
    sign: (body) => sign(stripe, { secret: secrets.STRIPE_WEBHOOK_SECRET, body }),
    signed: ['stripe-signature'],
  },
  github: {
    path: '/webhooks/github',
    sign: (body) => sign(github, { secret: secrets.GITHUB_WEBHOOK_SECRET, event: 'push', body }),
    signed: ['x-hub-signature-256'],
  },
  standard: {
    path: '/webhooks/standard',
    sign: (body) => sign(standard, { secret: secrets.STANDARD_WEBHOOK_SECRET, body }),
    signed: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
  },
  slack: {
    path: '/webhooks/slack',
    sign: (body) => sign(slack, { secret: secrets.SLACK_SIGNING_SECRET, body }),
    signed: ['x-slack-signature', 'x-slack-request-timestamp'],
  },
  shopify: {
    path: '/webhooks/shopify',
    sign: (body) => sign(shopify, { secret: secrets.SHOPIFY_WEBHOOK_SECRET, event: 'orders/create', body }),
    signed: ['x-shopify-hmac-sha256'],
  },
}

/** The text with its last letter or digit changed to another of the same kind. */
const nudged = (text: string): string =>
  text.replace(
    /([0-9a-zA-Z])([^0-9a-zA-Z]*)$/,
    (_, last: string, rest: string) => (last === '1' ? '2' : '1') + rest,
  )

describe.each(Object.entries(providers))('a delivery of %s', (_, { path, sign, signed }) => {
  it('reaches the origin with the very bytes that were signed', async () => {
    const delivery = await sign(freshBody())
    const answer = await gateway.deliver(path, delivery)
    expect(answer.status).toBe(200)
    expect(gateway.origin.requests.map(({ body }) => body.toString())).toEqual([delivery.body])
    for (const name of signed)
      expect(gateway.origin.requests[0]?.values(name)).toEqual([delivery.headers[name]])
  })

  it('is refused with one byte of its body changed', async () => {
    const delivery = await sign(freshBody())
    const answer = await gateway.deliver(path, { ...delivery, body: delivery.body.replace('evt', 'evT') })
    expect(answer.status).toBe(401)
    expect(problem(answer).code).toBe('signature_refused')
    expect(gateway.origin.requests).toEqual([])
  })

  it.each(signed)('is refused with one byte of %s changed', async (name) => {
    const delivery = await sign(freshBody())
    const headers = { ...delivery.headers, [name]: nudged(delivery.headers[name] ?? '') }
    expect(headers[name]).not.toBe(delivery.headers[name])
    const answer = await gateway.deliver(path, { ...delivery, headers })
    expect(answer.status).toBe(401)
    expect(gateway.origin.requests).toEqual([])
  })

  it.each(signed)('is refused without %s', async (name) => {
    const { body, headers } = await sign(freshBody())
    const { [name]: _, ...rest } = headers
    const answer = await gateway.deliver(path, { body, headers: rest })
    expect(answer.status).toBe(401)
    expect(problem(answer).code).toBe('signature_missing')
    expect(gateway.origin.requests).toEqual([])
  })
})

it('a Stripe time that was moved, with its signature kept, is refused', async () => {
  const delivery = await (providers.stripe as (typeof providers)[string]).sign(freshBody())
  const header =
    delivery.headers['stripe-signature']?.replace(/t=(\d+)/, (_, t) => `t=${Number(t) - 1}`) ?? ''
  const answer = await gateway.deliver('/webhooks/stripe', {
    ...delivery,
    headers: { ...json, 'stripe-signature': header },
  })
  expect(answer.status).toBe(401)
})

it("a signature of another route's secret is refused", async () => {
  const body = freshBody()
  const mac = createHmac('sha256', secrets.SHOPIFY_WEBHOOK_SECRET).update(body).digest('hex')
  const headers = { ...json, 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${mac}` }
  expect((await gateway.deliver('/webhooks/github', { headers, body })).status).toBe(401)
})

describe('secrets in the Worker', () => {
  it('of the second slot are accepted, and the record says so; a route without any answers 503 and tells only the record', async () => {
    const rotating = await startGateway({
      bindings: { GITHUB_WEBHOOK_SECRET: 'old', GITHUB_WEBHOOK_SECRET_NEXT: 'new', SLACK_SIGNING_SECRET: '' },
    })
    try {
      for (const [secret, slot] of [
        ['old', 'current'],
        ['new', 'next'],
      ] as const) {
        const delivery = await sign(github, { secret, event: 'push', body: freshBody() })
        const answer = await rotating.deliver('/webhooks/github', delivery)
        expect(answer.status).toBe(200)
        expect((await rotating.recordOf(answer)).secretSlot).toBe(slot)
      }
      const unset = await rotating.deliver(
        '/webhooks/slack',
        await sign(slack, { secret: 'any', body: '{}' }),
      )
      expect(unset.status).toBe(503)
      expect(problem(unset).code).toBe('not_configured')
      expect(unset.text).not.toContain('SLACK')
      expect((await rotating.recordOf(unset)).reason).toContain('SLACK_SIGNING_SECRET is not set')
    } finally {
      await rotating.close()
    }
  })

  it('that sign the proof are needed: without one nothing is claimed or forwarded', async () => {
    const bare = await startGateway({ bindings: { PROOF_KEY: 'k1:hmac-sha256:short' } })
    try {
      const delivery = await (providers.standard as (typeof providers)[string]).sign(freshBody())
      const answer = await bare.deliver('/webhooks/standard', delivery)
      expect(answer.status).toBe(503)
      expect((await bare.recordOf(answer)).reason).toContain('PROOF_KEY is not of the form')
      expect(bare.origin.requests).toEqual([])
      expect(await bare.door('/_test/calls')).toEqual([])
    } finally {
      await bare.close()
    }
  })

  it.each([
    [{ STATE: 'redis' }, /var STATE must be 'durable-object'/],
    [{ TRUST: 'everyone' }, /var TRUST must be 'cloudflare'/],
    [{ PUBLIC_HOSTS: '' }, /var PUBLIC_HOSTS is missing/],
    [{ PUBLIC_HOSTS: 'https://gw.test' }, /'https:\/\/gw.test' is not a host name/],
  ])(
    'and vars that are wrong (%j) stop every request with 503, and the record says which',
    async (bindings, reason) => {
      const wrong = await startGateway({ bindings })
      try {
        const answer = await wrong.call({ method: 'POST', target: '/webhooks/standard', body: '{}' })
        expect(answer.status).toBe(503)
        expect((await wrong.recordOf(answer)).reason).toMatch(reason)
        expect(wrong.origin.requests).toEqual([])
      } finally {
        await wrong.close()
      }
    },
  )
})
