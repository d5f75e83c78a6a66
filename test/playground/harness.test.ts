import { startHarness } from 'sallyport/testing/harness'
import { github, mux, stripe } from 'sallyport/webhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyProject, type Project } from './project.ts'

let project: Project
let harness: Awaited<ReturnType<typeof startHarness>>
beforeAll(async () => {
  project = await copyProject()
  harness = await startHarness({ root: project.root })
}, 120_000)
afterAll(async () => {
  await harness?.close()
  await project?.remove()
})

test('delivers to the project’s own route, and tells answer, record and arrival', async () => {
  const body = '{"id":"evt_harness","type":"charge.succeeded"}'
  const { status, event, arrival } = await harness.deliver(stripe, { body })
  expect(status).toBe(200)
  expect(event).toMatchObject({ decision: 'forwarded', route: 'stripe' })
  expect(Buffer.from(arrival?.bodyBase64 ?? '', 'base64').toString()).toBe(body)
  expect(arrival?.proof).toEqual({ ok: true })
})

test('makes what is wrong on purpose', async () => {
  expect(await harness.deliver(github, { fault: 'tampered' })).toMatchObject({
    status: 401,
    event: { code: 'signature_refused' },
    arrival: undefined,
  })
  expect((await harness.deliver(stripe, { fault: 'expired' })).status).toBe(401)
  expect((await harness.deliver(stripe, { fault: 'replayed' })).event.decision).toBe('duplicate')
})

test('sends anything else, with tokens of its issuer, and lets the origin fail', async () => {
  const order = async (token: string) =>
    harness.send({
      path: '/tenants/acme/orders',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"sku":"a","quantity":1}',
    })
  expect((await order(await harness.token())).status).toBe(200)
  expect((await order(await harness.token({ tenant: 'other' }))).status).toBe(403)
  await harness.shapeOrigin({ status: 500 })
  expect((await harness.deliver(stripe)).status).toBe(500)
})

test('says what is missing', async () => {
  await expect(harness.deliver(mux)).rejects.toThrow('no route of the project authenticates with mux')
  const broken = await copyProject()
  try {
    await broken.edit('routes/stripe.ts', "secret: 'STRIPE_WEBHOOK_SECRET'", "secret: ''")
    await expect(startHarness({ root: broken.root })).rejects.toThrow('secret: is missing')
  } finally {
    await broken.remove()
  }
})
