import { sign } from 'sallyport/testing'
import { github, shopify, slack, stripe } from 'sallyport/webhooks'
import { describe, expect, it } from 'vitest'
import { one, problem, secrets } from '../harness/gateway.ts'
import type { ReplayTools } from './tools.ts'

/** The rows about deliveries that come more than once. */
export function describeCopies(tools: ReplayTools): void {
  describe('copies', () => {
    it('40 in parallel reach the origin once', async () => {
      const delivery = await tools.fresh()
      tools.gateway.origin.behave({ delayMs: 200 })
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => tools.gateway.deliver('/webhooks/standard', delivery)),
      )
      const statuses = answers.map(({ status }) => status)
      expect(tools.gateway.origin.requests).toHaveLength(1)
      const passed = answers.filter(
        (answer) => answer.status === 200 && one(answer, 'sallyport-duplicate-of') === undefined,
      )
      expect(passed).toHaveLength(1)
      for (const answer of answers) {
        if (answer === passed[0]) continue
        // Leased while the first is under way, acknowledged after it: never a 2xx of the origin's.
        if (answer.status === 409) expect(Number(one(answer, 'retry-after'))).toBeGreaterThan(0)
        else
          expect(one(answer, 'sallyport-duplicate-of')).toBe(one(passed[0] as typeof answer, 'sallyport-id'))
      }
      expect(statuses.filter((status) => status === 409).length).toBeGreaterThan(0)
    })

    it('one that comes while the first is leased gets 409 with Retry-After, and the first arrives', async () => {
      const delivery = await tools.fresh()
      tools.gateway.origin.behave({ delayMs: 300 })
      const first = tools.gateway.deliver('/webhooks/standard', delivery)
      await tools.gateway.origin.waitForRequest(1, 5000)
      const copy = await tools.gateway.deliver('/webhooks/standard', delivery)
      expect(copy.status).toBe(409)
      expect(Number(one(copy, 'retry-after'))).toBeGreaterThan(0)
      expect((await first).status).toBe(200)
    })

    it('under another unsigned delivery id are still copies', async () => {
      const body = JSON.stringify({ ref: `refs/heads/${tools.serial()}` })
      const push = (id: string) =>
        sign(github, { secret: secrets.GITHUB_WEBHOOK_SECRET, event: 'push', body, id })
      expect((await tools.gateway.deliver('/webhooks/github', await push('11111111'))).status).toBe(200)
      const copy = await tools.gateway.deliver('/webhooks/github', await push('22222222'))
      expect(one(copy, 'sallyport-duplicate-of')).toBeDefined()
      expect(tools.gateway.origin.requests).toHaveLength(1)
    })

    it('of one body under two declared topics are two deliveries, and an undeclared one is none', async () => {
      const body = JSON.stringify({ order: tools.serial() })
      const order = (event: string) => sign(shopify, { secret: secrets.SHOPIFY_WEBHOOK_SECRET, event, body })
      for (const topic of ['orders/create', 'orders/updated']) {
        const answer = await tools.gateway.deliver('/webhooks/shopify', await order(topic))
        expect(answer.status).toBe(200)
        expect(one(answer, 'sallyport-duplicate-of')).toBeUndefined()
        expect(
          one(await tools.gateway.deliver('/webhooks/shopify', await order(topic)), 'sallyport-duplicate-of'),
        ).toBeDefined()
      }
      const other = await tools.gateway.deliver('/webhooks/shopify', await order('orders/deleted'))
      expect(other.status).toBe(400)
      expect(problem(other).code).toBe('event_not_declared')
      expect(tools.gateway.origin.requests).toHaveLength(2)
    })

    it('signed anew at another time are known by the id in the signed body (Stripe, Slack)', async () => {
      const now = Math.floor(Date.now() / 1000)
      const stripeBody = JSON.stringify({ id: `evt_${tools.serial()}` })
      const slackBody = JSON.stringify({ type: 'event_callback', event_id: `Ev${tools.serial()}` })
      for (const at of [now - 60, now]) {
        await tools.gateway.deliver(
          '/webhooks/stripe',
          await sign(stripe, { secret: secrets.STRIPE_WEBHOOK_SECRET, body: stripeBody, now: at * 1000 }),
        )
        await tools.gateway.deliver(
          '/webhooks/slack',
          await sign(slack, { secret: secrets.SLACK_SIGNING_SECRET, body: slackBody, now: at * 1000 }),
        )
      }
      expect(tools.gateway.origin.requests.map(({ target }) => target)).toEqual([
        '/webhooks/stripe',
        '/webhooks/slack',
      ])
    })

    it('signed anew are known by their id also where the strict parser would refuse the body', async () => {
      const now = Math.floor(Date.now() / 1000)
      const body = `{"event_id":"Ev_cut_${tools.serial()}","text":"\\ud83d"}`
      for (const at of [now - 60, now - 30, now]) {
        const delivery = await sign(slack, { secret: secrets.SLACK_SIGNING_SECRET, body, now: at * 1000 })
        expect((await tools.gateway.deliver('/webhooks/schemaless', delivery)).status).toBe(200)
      }
      expect(tools.gateway.origin.requests).toHaveLength(1)
    })

    it('on two routes are two deliveries', async () => {
      const delivery = await tools.fresh()
      expect((await tools.gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
      expect((await tools.gateway.deliver('/webhooks/refusing', delivery)).status).toBe(200)
      expect(tools.gateway.origin.requests).toHaveLength(2)
    })
  })
}
