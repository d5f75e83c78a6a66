import { startHarness } from 'sallyport/testing/harness'
import { github, hmacWebhook, mux, stripe } from 'sallyport/webhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyProject, type Project } from './project.ts'

/** A sender of the project's own, in the place of a provider. */
const ACME =
  "hmacWebhook({ name: 'acme', secret: 'STANDARD_WEBHOOK_SECRET', signature: { header: 'x-acme', form: 'v1={hex}', list: ',' }, time: { item: 't=' }, signs: '{time}.{body}', bodyId: 'id' })"
const acme = hmacWebhook({
  name: 'acme',
  secret: 'STANDARD_WEBHOOK_SECRET',
  signature: { header: 'x-acme', form: 'v1={hex}', list: ',' },
  time: { item: 't=' },
  signs: '{time}.{body}',
  bodyId: 'id',
})

let project: Project
let harness: Awaited<ReturnType<typeof startHarness>>
beforeAll(async () => {
  project = await copyProject()
  await project.edit(
    'routes/standard.ts',
    "import { standard } from 'sallyport/webhooks'",
    "import { hmacWebhook } from 'sallyport/webhooks'",
  )
  await project.edit('routes/standard.ts', "standard({ secret: 'STANDARD_WEBHOOK_SECRET' })", ACME)
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

test('delivers as hmacWebhook describes, with every fault', async () => {
  const body = '{"id":"acme_1"}'
  const { status, event, arrival } = await harness.deliver(acme, { body })
  expect(status).toBe(200)
  expect(event).toMatchObject({ decision: 'forwarded', route: 'standard' })
  expect(arrival?.headers['x-acme']).toMatch(/^t=\d+,v1=/)
  for (const fault of ['tampered', 'expired', 'future', 'wrong-secret'] as const) {
    const refused = await harness.deliver(acme, { body: '{"id":"acme_2"}', fault })
    expect(refused, fault).toMatchObject({ status: 401, event: { code: 'signature_refused' } })
  }
  const copy = await harness.deliver(acme, { body: '{"id":"acme_3"}', fault: 'replayed' })
  expect(copy.event.decision).toBe('duplicate')
})

test('takes the event that a header names, and refuses a fault that is none', async () => {
  const { arrival } = await harness.deliver(github, { event: 'ping', body: '{"zen":"a"}' })
  expect(arrival?.headers['x-github-event']).toBe('ping')
  const fault = harness.deliver(stripe, { fault: 'tamperd' as 'tampered' })
  await expect(fault).rejects.toThrow(TypeError)
  await expect(fault).rejects.toThrow("fault: 'tamperd': is none; use one of valid, tampered,")
  await expect(harness.deliver(github, { fault: 'expired' })).rejects.toThrow('github signs no time')
})

test('says what is missing', async () => {
  await expect(harness.deliver(acme)).rejects.toThrow('body: is missing; there is no sample')
  await expect(harness.deliver(mux, { path: '/webhooks/stripe' })).rejects.toThrow('no route of the project')
  await expect(harness.deliver(mux)).rejects.toThrow('no route of the project authenticates with mux')
  const broken = await copyProject()
  try {
    await broken.edit('routes/stripe.ts', "secret: 'STRIPE_WEBHOOK_SECRET'", "secret: ''")
    await expect(startHarness({ root: broken.root })).rejects.toThrow(
      'routes/stripe.ts: stripe: secret: is missing',
    )
  } finally {
    await broken.remove()
  }
})
