import { randomBytes, randomUUID } from 'node:crypto'
import { signGithub, signShopify, signSlack, signStandard, signStripe } from 'sallyport/testing'
import type { DenialCode } from '../denials.ts'
import type { GatewayClient, Outcome } from './gateway-client.ts'

/** What one request of a step has to lead to. */
export interface Expectation {
  status: number
  decision: 'forwarded' | 'duplicate' | 'refused'
  code?: DenialCode
}

export interface Step {
  /** What is sent, and why. */
  title: string
  run: (client: GatewayClient) => Promise<Outcome[]>
  /** One for each outcome, or a test of all of them that says what is wrong. */
  expect: readonly Expectation[] | ((outcomes: readonly Outcome[]) => string | undefined)
  /** Answer headers that are part of the story. */
  show?: readonly string[]
}

export type TourSecrets = Readonly<Record<string, string | undefined>>

const forwarded = (status = 200): Expectation => ({ status, decision: 'forwarded' })
const refused = (status: number, code: DenialCode): Expectation => ({ status, decision: 'refused', code })
const unixNow = () => Math.floor(Date.now() / 1000)

/** Requests of the burst, beyond what `POST /demo/limited` takes in its window. */
const BURST = 7
const BURST_MAX = 5
const STALE_SECONDS = 600
/** Long enough for a copy to arrive while the first is at the origin. */
const ORIGIN_DELAY_MS = 1500

/** The tour's steps, with bodies and ids that no earlier run has used. */
export async function tourSteps(secrets: TourSecrets): Promise<Step[]> {
  const run = randomUUID()
  const secret = (name: string): string => {
    const value = secrets[name]
    if (!value) throw new TypeError(`.dev.vars: ${name} has no value, and the tour signs with it`)
    return value
  }
  const github = (body: string, event = 'push') =>
    signGithub({ secret: secret('GITHUB_WEBHOOK_SECRET'), body, event })
  const shopify = (body: string, topic: string) =>
    signShopify({ secret: secret('SHOPIFY_WEBHOOK_SECRET'), body, topic })
  const stripe = (body: string, timestamp: number) =>
    signStripe({ secret: secret('STRIPE_WEBHOOK_SECRET'), body, timestamp })
  const json = (members: object): string => JSON.stringify({ run, ...members })
  const to = (path: string) => (delivery: { headers: Record<string, string>; body: string }) => ({
    path: `/webhooks/${path}`,
    ...delivery,
  })
  const one = (outgoing: () => Promise<Parameters<GatewayClient['send']>[0]>): Step['run'] => {
    return async (client) => [await client.send(await outgoing())]
  }

  const push = await github(json({ ref: 'refs/heads/main', repository: { full_name: 'acme/app' } }))
  const order = await shopify(json({ id: 1001, total_price: '129.00' }), 'orders/create')
  const invoice = json({ id: `evt_${run}`, type: 'invoice.paid' })
  const retiredSecret = `whsec_${randomBytes(32).toString('base64')}`

  return [
    {
      title: 'GitHub reports a push, signed with the secret that both sides hold.',
      run: one(async () => to('github')(push)),
      expect: [forwarded()],
    },
    {
      title: 'The same push with one byte of the body changed on its way.',
      run: one(async () => to('github')({ ...push, body: push.body.replace('heads/main', 'heads/mait') })),
      expect: [refused(401, 'signature_refused')],
    },
    {
      title: 'The first push once more, byte for byte: a replay, or a provider that did not hear our answer.',
      run: one(async () => to('github')(push)),
      expect: [{ status: 200, decision: 'duplicate' }],
      show: ['sallyport-duplicate-of'],
    },
    {
      title: 'A Stripe event whose signature is genuine but ten minutes old, as a thief would send it.',
      run: one(async () =>
        to('stripe')(await stripe(json({ id: `evt_old_${run}` }), unixNow() - STALE_SECONDS)),
      ),
      expect: [refused(401, 'signature_refused')],
    },
    {
      title:
        'A signed Shopify delivery, its unsigned topic header turned into one that the route does not take.',
      run: one(async () => to('shopify')(await shopify(json({ id: 1002 }), 'customers/redact'))),
      expect: [refused(400, 'event_not_declared')],
    },
    {
      title: 'Slack sends an event; time and body are signed.',
      run: one(async () =>
        to('slack')(
          await signSlack({
            secret: secret('SLACK_SIGNING_SECRET'),
            body: json({ type: 'event_callback', event_id: `Ev${run}` }),
          }),
        ),
      ),
      expect: [forwarded()],
    },
    {
      title:
        'A Standard Webhooks sender in the middle of a key rotation: two signatures, only the second is ours.',
      run: one(async () =>
        to('standard')(
          await signStandard({
            secret: retiredSecret,
            alsoSecret: secret('STANDARD_WEBHOOK_SECRET'),
            body: json({ type: 'user.created' }),
          }),
        ),
      ),
      expect: [forwarded()],
    },
    {
      title:
        'Shopify loses patience with a slow origin and sends the order again while the first copy is there.',
      run: async (client) => {
        await client.shapeOrigin({ delayMs: ORIGIN_DELAY_MS })
        const first = client.send(to('shopify')(order))
        // Awaited last, but a failure of it must not go unheard until then.
        first.catch(() => undefined)
        await client.untilArrived(order.body)
        const copy = await client.send(to('shopify')(order))
        return [copy, await first]
      },
      expect: [refused(409, 'delivery_in_progress'), forwarded()],
      show: ['retry-after'],
    },
    {
      title: 'A Stripe event meets an origin that fails; its 500 goes back, so that Stripe will try again.',
      run: async (client) => {
        await client.shapeOrigin({ status: 500 })
        return [await client.send(to('stripe')(await stripe(invoice, unixNow())))]
      },
      expect: [forwarded(500)],
    },
    {
      title: "Stripe's retry of that event, signed anew: it must not be taken for a replay.",
      run: one(async () => to('stripe')(await stripe(invoice, unixNow()))),
      expect: [forwarded()],
    },
    {
      title: `${BURST} requests in a row to a route that takes ${BURST_MAX} in 10 s from one client.`,
      run: async (client) => {
        const outcomes: Outcome[] = []
        while (outcomes.length < BURST) {
          const headers = { 'content-type': 'application/json' }
          outcomes.push(await client.send({ path: '/demo/limited', headers, body: json({}) }))
        }
        return outcomes
      },
      expect: burstFault,
      show: ['retry-after', 'ratelimit-policy', 'ratelimit'],
    },
    {
      title: 'A signed body that names one member twice: {"amount":1,"amount":1000}.',
      run: one(async () => to('github')(await github(`{"run":"${run}","amount":1,"amount":1000}`))),
      expect: [refused(400, 'malformed_body')],
    },
    {
      title: 'A signed body that is valid JSON, but a list where the route declares an object.',
      run: one(async () => to('github')(await github(JSON.stringify([{ run }])))),
      expect: [refused(422, 'input_invalid')],
    },
    {
      title: 'A path that no route declares.',
      run: one(async () => ({ path: '/admin', headers: push.headers, body: push.body })),
      expect: [refused(404, 'route_not_found')],
    },
    {
      title: 'A declared path with another method.',
      run: one(async () => ({ method: 'GET', path: '/webhooks/github' })),
      expect: [refused(405, 'method_not_allowed')],
      show: ['allow'],
    },
  ]
}

/** An earlier run may have used up a part of the window: at most so many pass, and the last ones do not. */
function burstFault(outcomes: readonly Outcome[]): string | undefined {
  const passed = outcomes.filter(({ status }) => status === 200).length
  if (passed > BURST_MAX) return `at most ${BURST_MAX} of ${BURST} should pass, ${passed} did`
  const last = outcomes.at(-1)
  if (last?.status !== 429) return `the last one should be refused with 429, it got ${last?.status}`
  for (const name of ['retry-after', 'ratelimit', 'ratelimit-policy']) {
    if (!last.headers.has(name)) return `the 429 should carry ${name}`
  }
  return undefined
}
