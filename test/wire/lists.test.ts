import { describe, expect, it } from 'vitest'
import { problem } from './harness/gateway.ts'
import { expectRefused } from './harness/mounts.ts'
import type { RawAnswer } from './harness/raw.ts'
import { useGateway } from './harness/use.ts'

const gateway = useGateway({ entry: 'test/wire/workers/options.ts', forgets: '/_test/admitted' })

const admitted = () => gateway.door<unknown[]>('/_test/admitted')
const ask = (host: string, target: string, address?: string) =>
  gateway.call({ host, target, headers: address === undefined ? [] : [['CF-Connecting-IP', address]] })

describe('lists of clients', () => {
  /** Refused at the second stage for this reason; neither shared state nor the origin heard of it. */
  async function expectDenied(answer: RawAnswer, whose: 'gateway' | 'route'): Promise<void> {
    expectRefused(gateway, answer, 403, 'client_denied')
    expect(await gateway.recordOf(answer)).toMatchObject({
      stage: 'block',
      reason: `the client is not allowed by the ${whose}'s lists`,
    })
    expect(await admitted()).toEqual([])
  }
  it("the gateway's allow list lets its clients in, and nobody else on any route", async () => {
    expect((await ask('allowing.test', '/read/x', '203.0.113.7')).status).toBe(200)
    expect(await admitted()).toHaveLength(1)
    gateway.origin.clear()
    for (const address of ['203.0.114.7', '2001:db8::1', 'malformed', undefined]) {
      await expectDenied(await ask('allowing.test', '/read/x', address), 'gateway')
    }
    // The route's own list is not asked: its reason would be another.
    await expectDenied(await ask('allowing.test', '/listed', '2001:db8:a::1'), 'gateway')
  })

  it("the gateway's deny list refuses its clients on every route, also where the route allows them", async () => {
    await expectDenied(await ask('denying.test', '/read/x', '203.0.113.7'), 'gateway')
    await expectDenied(await ask('denying.test', '/listed', '203.0.113.7'), 'gateway')
    expect((await ask('denying.test', '/read/x', '203.0.114.7')).status).toBe(200)
    expect((await ask('denying.test', '/read/x')).status).toBe(200)
  })

  it("a route's lists hold for that route alone, and deny wins over allow", async () => {
    for (const address of ['203.0.113.127', '2001:db8:a:b::1']) {
      expect((await ask('cloudflare.test', '/listed', address)).status).toBe(200)
    }
    expect(await admitted()).toHaveLength(2)
    gateway.origin.clear()
    for (const address of ['203.0.113.128', '203.0.113.255', '198.51.100.7', '2001:db8:b::1', undefined]) {
      await expectDenied(await ask('cloudflare.test', '/listed', address), 'route')
    }
    await expectDenied(await ask('cloudflare.test', '/denied', '203.0.113.7'), 'route')
    expect((await ask('cloudflare.test', '/denied', '203.0.113.8')).status).toBe(200)
    expect((await ask('cloudflare.test', '/denied')).status).toBe(200)
    expect((await ask('cloudflare.test', '/read/x', '203.0.113.7')).status).toBe(200)
  })

  it('ask a header for nothing where the deployment trusts none', async () => {
    await expectDenied(await ask('direct.test', '/listed', '203.0.113.7'), 'route')
    expect((await ask('direct.test', '/denied', '203.0.113.7')).status).toBe(200)
  })
})

it('a block that the isolate knows of refuses before shared state is asked, and nobody else', async () => {
  const blocked = '198.51.100.66'
  const askBlocked = () => ask('cloudflare.test', '/read/x', blocked)
  expect((await askBlocked()).status).toBe(200)
  await gateway.door('/_test/block', { client: blocked, ms: 60_000 })
  const stages: (string | null)[] = []
  const end = Date.now() + 8000
  // The isolate's copy is renewed by a request that asks shared state: that one is refused at admit.
  while (Date.now() < end && stages.at(-1) !== 'block') {
    gateway.origin.clear()
    await admitted()
    const answer = await askBlocked()
    const record = await gateway.recordOf(answer)
    stages.push(record.stage)
    if (record.stage === null) await new Promise((resolve) => setTimeout(resolve, 200))
    else expect(problem(answer).code).toBe('client_blocked')
  }
  expect(stages.at(-1)).toBe('block')
  expect(stages).toContain('admit')
  expect(await admitted()).toEqual([])
  expect(gateway.origin.requests).toEqual([])
  expect((await ask('cloudflare.test', '/read/x', '198.51.100.67')).status).toBe(200)
})
