import { sign } from 'sallyport/testing'
import { standard } from 'sallyport/webhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { one, secrets, startGateway, type TestGateway } from './harness/gateway.ts'

/** The test route's timeout is 500 ms, and a lease outlives the timeout by 31 s. */
const LEASE_MS = 31_500
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const deliveryOf = (id: string) =>
  sign(standard, { secret: secrets.STANDARD_WEBHOOK_SECRET, id, body: JSON.stringify({ id }) })

// Three gateways, so that the three waits are one.
let timedOut: TestGateway
let killed: TestGateway
let uncommitted: TestGateway
beforeAll(async () => {
  ;[timedOut, killed, uncommitted] = await Promise.all([startGateway(), startGateway(), startGateway()])
})
afterAll(() => Promise.all([timedOut.close(), killed.close(), uncommitted.close()]))

describe.concurrent('a lease that nobody settles runs out, and then the retry arrives', {
  timeout: 60_000,
}, () => {
  it('after an origin that never answered', async () => {
    const delivery = await deliveryOf('msg_timeout')
    timedOut.origin.behave({ fault: 'hang' })
    expect((await timedOut.deliver('/webhooks/standard', delivery)).status).toBe(504)
    expect((await timedOut.deliver('/webhooks/standard', delivery)).status).toBe(409)
    await wait(LEASE_MS + 500)
    const retry = await timedOut.deliver('/webhooks/standard', delivery)
    expect(retry.status).toBe(200)
    expect(one(retry, 'sallyport-duplicate-of')).toBeUndefined()
    expect(timedOut.origin.requests).toHaveLength(2)
  })

  it('after a Worker that was killed between claim and commit: it may arrive twice, and is not lost', async () => {
    const delivery = await deliveryOf('msg_killed')
    killed.origin.behave({ fault: 'hang' })
    const cut = killed.deliver('/webhooks/standard', delivery)
    await killed.origin.waitForRequest(1, 5000)
    await killed.workerd.kill()
    expect((await cut).status).toBe(0)
    await killed.workerd.restart()
    expect((await killed.deliver('/webhooks/standard', delivery)).status).toBe(409)
    await wait(LEASE_MS + 500)
    expect((await killed.deliver('/webhooks/standard', delivery)).status).toBe(200)
    expect(killed.origin.requests).toHaveLength(2)
    const copy = await killed.deliver('/webhooks/standard', delivery)
    expect(one(copy, 'sallyport-duplicate-of')).toBeDefined()
    expect(killed.origin.requests).toHaveLength(2)
  })

  it('after a commit that failed for the whole lease: it may arrive twice', async () => {
    const delivery = await deliveryOf('msg_uncommitted')
    await uncommitted.door('/_test/fault', { operation: 'settle', fault: 'throw', times: 4 })
    const first = await uncommitted.deliver('/webhooks/standard', delivery)
    expect(first.status).toBe(200)
    expect((await uncommitted.recordOf(first)).settled).toBe('failed')
    expect((await uncommitted.deliver('/webhooks/standard', delivery)).status).toBe(409)
    await wait(LEASE_MS - 3000)
    expect((await uncommitted.deliver('/webhooks/standard', delivery)).status).toBe(200)
    expect(uncommitted.origin.requests).toHaveLength(2)
  })
})
