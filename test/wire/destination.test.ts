import { createVerifier } from 'sallyport/origin'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { one, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import { type Origin, startOrigin } from './harness/origin.ts'

let origin: Origin
let gateway: TestGateway
beforeAll(async () => {
  origin = await startOrigin()
  gateway = await startGateway({ bindings: { ORIGIN_URL: `${origin.url}/base/` } })
})
beforeEach(() => origin.clear())
afterAll(async () => {
  await gateway.close()
  await origin.close()
})

it('a destination with a path has it before the path of the request, and the proof covers both', async () => {
  expect((await gateway.call({ target: '/read/a%20b' })).status).toBe(200)
  const [arrived] = origin.requests
  expect(arrived?.target).toBe('/base/read/a%20b')
  const verifier = createVerifier({ authority: `127.0.0.1:${origin.port}`, keys: [secrets.PROOF_KEY] })
  const request = {
    method: 'GET',
    target: '/base/read/a%20b',
    headers: arrived?.headers ?? [],
    body: new Uint8Array(),
  }
  expect(await verifier.verify(request)).toMatchObject({ ok: true })
  expect(await verifier.verify({ ...request, target: '/read/a%20b' })).toMatchObject({ ok: false })
})

it.each([
  ['/base/new', '/new'],
  ['/base', '/'],
  ['/basement', '/basement'],
])('a redirect of the origin to its own %s shows as %s', async (there, here) => {
  origin.behave({ status: 302, headers: [['Location', `${origin.url}${there}`]], body: '' })
  expect(one(await gateway.call({ target: '/read/x' }), 'location')).toBe(`http://gw.test${here}`)
})

it("a route's own path is sent in place of the public one, and in report mode too", async () => {
  await gateway.call({ target: '/relocated/7' })
  const watched = await gateway.call({ target: '/watched/8' })
  expect(origin.requests.map(({ target }) => target)).toEqual(['/base/inside/7', '/base/inside/8'])
  // Its predicate throws: a 500 where the route enforces, a finding where it reports.
  expect((await gateway.recordOf(watched)).reported).toMatchObject([
    { stage: 'authorize', code: 'internal_error', reason: 'unexpected Error' },
  ])
})
