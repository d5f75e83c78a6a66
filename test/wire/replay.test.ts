import { signGithub, signShopify, signSlack, signStandard, signStripe } from 'sallyport/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { one, problem, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import { openSocket, request } from './harness/raw.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(async () => {
  gateway.origin.clear()
  await gateway.door('/_test/calls')
})

let serial = 0
/** A signed Standard Webhooks delivery that nothing has seen before. */
const fresh = (id = `msg_${process.pid}_${++serial}`) =>
  signStandard({ secret: secrets.STANDARD_WEBHOOK_SECRET, id, body: JSON.stringify({ serial: ++serial }) })

interface Call {
  operation: string
  objects: { name: string; method: string; start: number; end: number }[]
}
const calls = () => gateway.door<Call[]>('/_test/calls')
const fault = (operation: string, kind: string, times: number) =>
  gateway.door('/_test/fault', { operation, fault: kind, times })

describe('a first delivery', () => {
  it('that the origin takes is committed, and a copy is acknowledged without the origin', async () => {
    const delivery = await fresh()
    const first = await gateway.deliver('/webhooks/standard', delivery)
    expect(first.status).toBe(200)
    expect(first.text).toBe('{"ok":true}')
    const copy = await gateway.deliver('/webhooks/standard', delivery)
    expect(copy.status).toBe(200)
    expect(one(copy, 'sallyport-duplicate-of')).toBe(one(first, 'sallyport-id'))
    expect(gateway.origin.requests).toHaveLength(1)
    expect((await gateway.recordOf(first)).settled).toBe('committed')
    expect(await gateway.recordOf(copy)).toMatchObject({
      decision: 'duplicate',
      duplicateOf: one(first, 'sallyport-id'),
    })
  })

  it('whose copy meets onDuplicate: refuse gets 409, and the origin nothing', async () => {
    const delivery = await fresh()
    expect((await gateway.deliver('/webhooks/refusing', delivery)).status).toBe(200)
    const copy = await gateway.deliver('/webhooks/refusing', delivery)
    expect(copy.status).toBe(409)
    expect(problem(copy).code).toBe('delivery_repeated')
    expect(one(copy, 'sallyport-duplicate-of')).toMatch(/^[0-9a-f-]{36}$/)
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it('whose copy meets onDuplicate: forward reaches the origin again', async () => {
    const delivery = await fresh()
    for (let i = 0; i < 3; i++) {
      expect((await gateway.deliver('/webhooks/forwarding', delivery)).status).toBe(200)
    }
    expect(gateway.origin.requests).toHaveLength(3)
  })

  it.each([500, 503, 400, 404, 301])(
    'that the origin answers with %i is released, and the retry arrives',
    async (status) => {
      const delivery = await fresh()
      gateway.origin.behave({ status, body: 'the origin says no' })
      const first = await gateway.deliver('/webhooks/standard', delivery)
      expect(first.status).toBe(status)
      expect(first.text).toBe('the origin says no')
      expect((await gateway.recordOf(first)).settled).toBe('released')
      const retry = await gateway.deliver('/webhooks/standard', delivery)
      expect(retry.status).toBe(200)
      expect(one(retry, 'sallyport-duplicate-of')).toBeUndefined()
      expect(gateway.origin.requests).toHaveLength(2)
    },
  )

  it.each([502, 504, 520, 522, 524])(
    'that is answered with %i keeps its lease: nobody knows what the origin did',
    async (status) => {
      const delivery = await fresh()
      gateway.origin.behave({ status })
      const first = await gateway.deliver('/webhooks/standard', delivery)
      expect(first.status).toBe(status === 502 || status === 520 ? 502 : 504)
      expect(problem(first).code).toBe(first.status === 502 ? 'origin_unreachable' : 'origin_timeout')
      expect(Number(one(first, 'retry-after'))).toBeGreaterThan(30)
      expect(await gateway.recordOf(first)).toMatchObject({ settled: 'left', originStatus: status })
      const copy = await gateway.deliver('/webhooks/standard', delivery)
      expect(copy.status).toBe(409)
      expect(problem(copy).code).toBe('delivery_in_progress')
      expect(gateway.origin.requests).toHaveLength(1)
    },
  )

  it.each(['drop-before-read', 'drop-after-read', 'hang'] as const)(
    'whose connection fails (%s) keeps its lease',
    async (kind) => {
      const delivery = await fresh()
      gateway.origin.behave({ fault: kind })
      const first = await gateway.deliver('/webhooks/standard', delivery)
      expect(first.status).toBe(kind === 'hang' ? 504 : 502)
      const copy = await gateway.deliver('/webhooks/standard', delivery)
      expect(copy.status).toBe(409)
      expect(Number(one(copy, 'retry-after'))).toBeGreaterThan(0)
      expect(gateway.origin.requests).toHaveLength(1)
    },
  )
})

it('copies that go on to the origin count against the limits like anything that does', async () => {
  const delivery = await fresh()
  const statuses = []
  for (let i = 0; i < 8; i++) {
    statuses.push((await gateway.deliver('/webhooks/forwarding-scarce', delivery)).status)
  }
  expect(statuses).toEqual([200, 200, 200, 429, 429, 429, 429, 429])
  expect(gateway.origin.requests).toHaveLength(3)
})

describe('copies', () => {
  it('40 in parallel reach the origin once', async () => {
    const delivery = await fresh()
    gateway.origin.behave({ delayMs: 200 })
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => gateway.deliver('/webhooks/standard', delivery)),
    )
    const statuses = answers.map(({ status }) => status)
    expect(gateway.origin.requests).toHaveLength(1)
    const passed = answers.filter(
      (answer) => answer.status === 200 && one(answer, 'sallyport-duplicate-of') === undefined,
    )
    expect(passed).toHaveLength(1)
    for (const answer of answers) {
      if (answer === passed[0]) continue
      // Leased while the first is under way, acknowledged after it: never a 2xx of the origin's.
      if (answer.status === 409) expect(Number(one(answer, 'retry-after'))).toBeGreaterThan(0)
      else expect(one(answer, 'sallyport-duplicate-of')).toBe(one(passed[0] as typeof answer, 'sallyport-id'))
    }
    expect(statuses.filter((status) => status === 409).length).toBeGreaterThan(0)
  })

  it('one that comes while the first is leased gets 409 with Retry-After, and the first arrives', async () => {
    const delivery = await fresh()
    gateway.origin.behave({ delayMs: 300 })
    const first = gateway.deliver('/webhooks/standard', delivery)
    await gateway.origin.waitForRequest(1, 5000)
    const copy = await gateway.deliver('/webhooks/standard', delivery)
    expect(copy.status).toBe(409)
    expect(Number(one(copy, 'retry-after'))).toBeGreaterThan(0)
    expect((await first).status).toBe(200)
  })

  it('under another unsigned delivery id are still copies', async () => {
    const body = JSON.stringify({ ref: `refs/heads/${++serial}` })
    const sign = (deliveryId: string) =>
      signGithub({ secret: secrets.GITHUB_WEBHOOK_SECRET, event: 'push', body, deliveryId })
    expect((await gateway.deliver('/webhooks/github', await sign('11111111'))).status).toBe(200)
    const copy = await gateway.deliver('/webhooks/github', await sign('22222222'))
    expect(one(copy, 'sallyport-duplicate-of')).toBeDefined()
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it('of one body under two declared topics are two deliveries, and an undeclared one is none', async () => {
    const body = JSON.stringify({ order: ++serial })
    const sign = (topic: string) => signShopify({ secret: secrets.SHOPIFY_WEBHOOK_SECRET, topic, body })
    for (const topic of ['orders/create', 'orders/updated']) {
      const answer = await gateway.deliver('/webhooks/shopify', await sign(topic))
      expect(answer.status).toBe(200)
      expect(one(answer, 'sallyport-duplicate-of')).toBeUndefined()
      expect(
        one(await gateway.deliver('/webhooks/shopify', await sign(topic)), 'sallyport-duplicate-of'),
      ).toBeDefined()
    }
    const other = await gateway.deliver('/webhooks/shopify', await sign('orders/deleted'))
    expect(other.status).toBe(400)
    expect(problem(other).code).toBe('event_not_declared')
    expect(gateway.origin.requests).toHaveLength(2)
  })

  it('signed anew at another time are known by the id in the signed body (Stripe, Slack)', async () => {
    const now = Math.floor(Date.now() / 1000)
    const stripeBody = JSON.stringify({ id: `evt_${++serial}` })
    const slackBody = JSON.stringify({ type: 'event_callback', event_id: `Ev${++serial}` })
    for (const at of [now - 60, now]) {
      await gateway.deliver(
        '/webhooks/stripe',
        await signStripe({ secret: secrets.STRIPE_WEBHOOK_SECRET, body: stripeBody, timestamp: at }),
      )
      await gateway.deliver(
        '/webhooks/slack',
        await signSlack({ secret: secrets.SLACK_SIGNING_SECRET, body: slackBody, timestamp: at }),
      )
    }
    expect(gateway.origin.requests.map(({ target }) => target)).toEqual([
      '/webhooks/stripe',
      '/webhooks/slack',
    ])
  })

  it('signed anew are known by their id also where the strict parser would refuse the body', async () => {
    const now = Math.floor(Date.now() / 1000)
    const body = `{"event_id":"Ev_cut_${++serial}","text":"\\ud83d"}`
    for (const at of [now - 60, now - 30, now]) {
      const delivery = await signSlack({ secret: secrets.SLACK_SIGNING_SECRET, body, timestamp: at })
      expect((await gateway.deliver('/webhooks/schemaless', delivery)).status).toBe(200)
    }
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it('on two routes are two deliveries', async () => {
    const delivery = await fresh()
    expect((await gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
    expect((await gateway.deliver('/webhooks/refusing', delivery)).status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(2)
  })
})

describe('denied at admit', () => {
  it('40 deliveries against a limit of 5: 5 arrive, and none of the refused ones is claimed', async () => {
    const deliveries = await Promise.all(Array.from({ length: 40 }, () => fresh()))
    const answers = await Promise.all(
      deliveries.map((delivery) => gateway.deliver('/webhooks/scarce', delivery)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5)
    const refused = answers.find(({ status }) => status === 429)
    expect(refused && problem(refused).code).toBe('rate_limited')
    expect(refused && Number(one(refused, 'retry-after'))).toBeGreaterThan(0)
    expect(gateway.origin.requests).toHaveLength(5)
    // Past the window a claim that had stayed would answer 409 or acknowledge.
    await new Promise((resolve) => setTimeout(resolve, 4100))
    const late = deliveries[answers.findIndex(({ status }) => status === 429)]
    if (!late) throw new Error('none was refused')
    const again = await gateway.deliver('/webhooks/scarce', late)
    expect(again.status).toBe(200)
    expect(one(again, 'sallyport-duplicate-of')).toBeUndefined()
    expect(gateway.origin.requests).toHaveLength(6)
  })

  it('a blocked client is refused with 403, and its delivery passes after the block', async () => {
    const delivery = await fresh()
    await gateway.door('/_test/control', { method: 'block', subject: '127.0.0.1' })
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const blocked = await gateway.deliver('/webhooks/standard', delivery)
    expect(blocked.status).toBe(403)
    expect(problem(blocked).code).toBe('client_blocked')
    await gateway.door('/_test/control', { method: 'unblock', subject: '127.0.0.1' })
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect((await gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it('a revoked principal is refused with 401, and its delivery is not claimed', async () => {
    const delivery = await fresh()
    const subject = 'standard|STANDARD_WEBHOOK_SECRET'
    await gateway.door('/_test/control', { method: 'revoke', subject })
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const revoked = await gateway.deliver('/webhooks/standard', delivery)
    expect(revoked.status).toBe(401)
    expect(problem(revoked).code).toBe('principal_revoked')
    await gateway.door('/_test/control', { method: 'restore', subject })
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect((await gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
  })
})

describe('shared state that fails', () => {
  it('once: admit is asked again with the same token, and the delivery arrives', async () => {
    await fault('admit', 'throw', 1)
    expect((await gateway.deliver('/webhooks/standard', await fresh())).status).toBe(200)
    expect((await calls()).map(({ operation }) => operation)).toEqual(['admit', 'admit', 'settle'])
  })

  it('once, after it had done its work: the retry finds its own lease', async () => {
    await fault('admit', 'lost-reply', 1)
    const delivery = await fresh()
    expect((await gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(1)
    expect(one(await gateway.deliver('/webhooks/standard', delivery), 'sallyport-duplicate-of')).toBeDefined()
  })

  it('for good: 503 with Retry-After, nothing forwarded, and the retry arrives after recovery', async () => {
    await fault('admit', 'throw', 2)
    const delivery = await fresh()
    const answer = await gateway.deliver('/webhooks/standard', delivery)
    expect(answer.status).toBe(503)
    expect(problem(answer).code).toBe('state_unavailable')
    expect(Number(one(answer, 'retry-after'))).toBeGreaterThan(0)
    expect(gateway.origin.requests).toHaveLength(0)
    expect((await gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
  })

  it('by never answering: 503 inside the deadline', async () => {
    await fault('admit', 'hang', 2)
    const start = performance.now()
    const answer = await gateway.deliver('/webhooks/standard', await fresh())
    expect(answer.status).toBe(503)
    // The webhooks' deadline is 2 s.
    expect(performance.now() - start).toBeLessThan(2800)
    expect(gateway.origin.requests).toHaveLength(0)
  })

  it('by losing every reply: what was taken is given back, and the retry arrives', async () => {
    await fault('admit', 'lost-reply', 2)
    const delivery = await fresh()
    expect((await gateway.deliver('/webhooks/standard', delivery)).status).toBe(503)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect((await gateway.deliver('/webhooks/standard', delivery)).status).toBe(200)
    expect(gateway.origin.requests).toHaveLength(1)
  })

  it('at the first settle: the commit is tried again, and a copy does not arrive', async () => {
    await fault('settle', 'throw', 2)
    const delivery = await fresh()
    const first = await gateway.deliver('/webhooks/standard', delivery)
    expect(first.status).toBe(200)
    expect((await gateway.recordOf(first)).settled).toBe('committed')
    expect(one(await gateway.deliver('/webhooks/standard', delivery), 'sallyport-duplicate-of')).toBeDefined()
  })

  it('by a settle that hangs: it is given up and made again, and the record tells the truth', async () => {
    await fault('settle', 'hang', 1)
    const delivery = await fresh()
    const first = await gateway.deliver('/webhooks/standard', delivery)
    expect(first.status).toBe(200)
    expect(await gateway.recordOf(first)).toMatchObject({ decision: 'forwarded', settled: 'committed' })
    expect(one(await gateway.deliver('/webhooks/standard', delivery), 'sallyport-duplicate-of')).toBeDefined()
  })
})

describe('a client that hangs up mid-forward', () => {
  it('leaves a committed claim: a copy is acknowledged', async () => {
    const delivery = await fresh()
    gateway.origin.behave({ delayMs: 400 })
    const bytes = request({
      method: 'POST',
      target: '/webhooks/slow',
      headers: [['Host', 'gw.test'], ...Object.entries(delivery.headers)],
      body: delivery.body,
    })
    const socket = await openSocket(gateway.workerd.port)
    socket.write(bytes)
    await gateway.origin.waitForRequest(1, 5000)
    socket.reset()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const copy = await gateway.deliver('/webhooks/slow', delivery)
    expect(copy.status).toBe(200)
    expect(one(copy, 'sallyport-duplicate-of')).toBeDefined()
    expect(gateway.origin.requests).toHaveLength(1)
  })
})

describe('the cost in calls', () => {
  it('an allowed delivery: one admit in one parallel round of object calls, one settle', async () => {
    await gateway.deliver(
      '/webhooks/github',
      await signGithub({ secret: secrets.GITHUB_WEBHOOK_SECRET, event: 'push', body: `{"n":${++serial}}` }),
    )
    const made = await calls()
    expect(made.map(({ operation }) => operation)).toEqual(['admit', 'settle'])
    const [admit, settle] = made
    const objects = admit?.objects ?? []
    expect(
      objects
        .map(({ name }) => name.replace(/:[0-9a-f]$/, ''))
        .filter((name) => name !== 'control')
        .sort(),
    ).toEqual(['delivery:github', 'route:github'])
    // One round: each call began before any had ended.
    expect(Math.max(...objects.map(({ start }) => start))).toBeLessThanOrEqual(
      Math.min(...objects.map(({ end }) => end)),
    )
    expect(settle?.objects).toHaveLength(1)
  })

  it('a delivery refused before admit: none', async () => {
    const delivery = await fresh()
    const tampered = { ...delivery, body: delivery.body.replace('{', '{ ') }
    expect((await gateway.deliver('/webhooks/standard', tampered)).status).toBe(401)
    expect((await gateway.deliver('/webhooks/nowhere', delivery)).status).toBe(404)
    expect((await gateway.call({ target: '/webhooks/standard' })).status).toBe(405)
    const notJson = await signStandard({ secret: secrets.STANDARD_WEBHOOK_SECRET, body: '{"a":1,"a":2}' })
    expect((await gateway.deliver('/webhooks/standard', notJson)).status).toBe(400)
    expect(await calls()).toEqual([])
  })
})
