import { randomBytes, randomUUID } from 'node:crypto'
import { type SignedDelivery, sign } from 'sallyport/testing'
import * as webhooks from 'sallyport/webhooks'
import type { Need, TourRoutes } from './tour-routes.ts'
import { forwarded, one, refused, type Step } from './tour-step.ts'

export type TourSecrets = Readonly<Record<string, string | undefined>>

const STALE_MS = 600_000
/** Long enough for a copy to arrive while the first is at the origin. */
const ORIGIN_DELAY_MS = 1500

/** Each provider's route is known by its path and by who authenticates there. */
const at = (by: string): Need => ({ method: 'POST', path: `/webhooks/${by}`, by })

/** The tour's steps, with bodies and ids that no earlier run has used; they sign with the secrets that the routes name. */
export function deliverySteps(secrets: TourSecrets, routes: TourRoutes): Step[] {
  const run = randomUUID()
  const secret = (provider: string): string => {
    const { method, path } = at(provider)
    return secrets[routes.find(method, path)?.authenticate.secrets[0] ?? ''] ?? ''
  }
  const github = (body: string, event = 'push') =>
    sign(webhooks.github, { secret: secret('github'), body, event })
  const shopify = (body: string, event: string) =>
    sign(webhooks.shopify, { secret: secret('shopify'), body, event })
  const stripe = (body: string, now: number) => sign(webhooks.stripe, { secret: secret('stripe'), body, now })
  const json = (members: object): string => JSON.stringify({ run, ...members })
  const to = (provider: string) => (delivery: SignedDelivery) => ({ path: at(provider).path, ...delivery })

  const pushBody = json({ ref: 'refs/heads/main', repository: { full_name: 'acme/app' } })
  let signed: Promise<SignedDelivery> | undefined
  /** The same bytes each time, headers too. */
  const push = () => {
    signed ??= github(pushBody)
    return signed
  }
  const orderBody = json({ id: 1001, total_price: '129.00' })
  const invoice = json({ id: `evt_${run}`, type: 'invoice.paid' })
  const retiredSecret = `whsec_${randomBytes(32).toString('base64')}`

  return [
    {
      title: 'GitHub reports a push, signed with the secret that both sides hold.',
      needs: [at('github')],
      run: one(async () => to('github')(await push())),
      expect: [forwarded()],
    },
    {
      title: 'The same push with one byte of the body changed on its way.',
      needs: [at('github')],
      run: one(async () =>
        to('github')({ ...(await push()), body: pushBody.replace('heads/main', 'heads/mait') }),
      ),
      expect: [refused(401, 'signature_refused')],
    },
    {
      title: 'The first push once more, byte for byte: a replay, or a provider that did not hear our answer.',
      needs: [at('github')],
      run: one(async () => to('github')(await push())),
      expect: [{ status: 200, decision: 'duplicate' }],
      show: ['sallyport-duplicate-of'],
    },
    {
      title: 'A Stripe event whose signature is genuine but ten minutes old, as a thief would send it.',
      needs: [at('stripe')],
      run: one(async () => to('stripe')(await stripe(json({ id: `evt_old_${run}` }), Date.now() - STALE_MS))),
      expect: [refused(401, 'signature_refused')],
    },
    {
      title:
        'A signed Shopify delivery, its unsigned topic header turned into one that the route does not take.',
      needs: [at('shopify')],
      run: one(async () => to('shopify')(await shopify(json({ id: 1002 }), 'customers/redact'))),
      expect: [refused(400, 'event_not_declared')],
    },
    {
      title: 'Slack sends an event; time and body are signed.',
      needs: [at('slack')],
      run: one(async () =>
        to('slack')(
          await sign(webhooks.slack, {
            secret: secret('slack'),
            body: json({ type: 'event_callback', event_id: `Ev${run}` }),
          }),
        ),
      ),
      expect: [forwarded()],
    },
    {
      title:
        'A Standard Webhooks sender in the middle of a key rotation: two signatures, only the second is ours.',
      needs: [at('standard')],
      run: one(async () =>
        to('standard')(
          await sign(webhooks.standard, {
            secret: retiredSecret,
            alsoSecret: secret('standard'),
            body: json({ type: 'user.created' }),
          }),
        ),
      ),
      expect: [forwarded()],
    },
    {
      title:
        'Shopify loses patience with a slow origin and sends the order again while the first copy is there.',
      needs: [at('shopify')],
      run: async (client) => {
        await client.shapeOrigin({ delayMs: ORIGIN_DELAY_MS })
        const order = to('shopify')(await shopify(orderBody, 'orders/create'))
        const first = client.send(order)
        if (!(await client.hasArrived(orderBody, first))) {
          await client.shapeOrigin({ times: 0 })
          return [await first]
        }
        const copy = await client.send(order)
        return [copy, await first]
      },
      expect: [refused(409, 'delivery_in_progress'), forwarded()],
      show: ['retry-after'],
    },
    {
      title: 'A Stripe event meets an origin that fails; its 500 goes back, so that Stripe will try again.',
      needs: [at('stripe')],
      run: async (client) => {
        await client.shapeOrigin({ status: 500 })
        const outcome = await client.send(to('stripe')(await stripe(invoice, Date.now())))
        await client.shapeOrigin({ times: 0 })
        return [outcome]
      },
      expect: [forwarded(500)],
    },
    {
      title: "Stripe's retry of that event, signed anew: it must not be taken for a replay.",
      needs: [at('stripe')],
      run: one(async () => to('stripe')(await stripe(invoice, Date.now()))),
      expect: [forwarded()],
    },
    {
      title: 'A signed body that names one member twice: {"amount":1,"amount":1000}.',
      needs: [{ ...at('github'), schema: true }],
      run: one(async () => to('github')(await github(`{"run":"${run}","amount":1,"amount":1000}`))),
      expect: [refused(400, 'malformed_body')],
    },
    {
      title: 'A signed body that is valid JSON, but a list where the route declares an object.',
      needs: [{ ...at('github'), schema: true }],
      run: one(async () => to('github')(await github(JSON.stringify([{ run }])))),
      expect: [refused(422, 'input_invalid')],
    },
    {
      title: 'A path that no route declares.',
      needs: [{ method: 'POST', path: '/admin', served: false }],
      run: one(async () => ({ path: '/admin', body: json({}) })),
      expect: [refused(404, 'route_not_found')],
    },
    {
      title: 'A declared path with another method.',
      needs: [at('github'), { method: 'GET', path: '/webhooks/github', served: false }],
      run: one(async () => ({ method: 'GET', path: '/webhooks/github' })),
      expect: [refused(405, 'method_not_allowed')],
      show: ['allow'],
    },
  ]
}
