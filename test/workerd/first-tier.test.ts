import { env } from 'cloudflare:workers'
import { anonymous, createGateway, defineRoute } from 'sallyport'
import { durableObjectState } from 'sallyport/durable-object'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

// Cloudflare's own simulator of the binding: `simple = { limit = 3, period = 60 }` in the wrangler.toml beside this file.
const LIMIT = 3

const route = {
  method: 'GET',
  owner: 'platform',
  sensitivity: 'public',
  authenticate: anonymous(),
  // The names of this project's bindings are not declared.
  forward: { to: 'ORIGIN_URL' as never },
} as const
const routes = {
  'by-client': defineRoute({ ...route, path: '/by-client' }),
  'by-client-too': defineRoute({ ...route, path: '/by-client-too' }),
  'by-route': defineRoute({ ...route, path: '/by-route', firstTier: 'route' }),
  off: defineRoute({ ...route, path: '/off', firstTier: 'off' }),
  watched: defineRoute({ ...route, path: '/watched', mode: 'report', budget: '1 s' }),
}
const gateway = createGateway(routes, {
  state: { 'durable-object': durableObjectState() },
  firstTier: { binding: 'FIRST_TIER' },
})
const origin = { fetch: async () => new Response('from the origin') }
const bindings = {
  ...env,
  ORIGIN_URL: origin,
  PUBLIC_HOSTS: 'gw.test',
  TRUST: 'cloudflare',
  STATE: 'durable-object',
  PROOF_KEY: `test:hmac-sha256:${btoa('a proof key of this test only, 32 bytes')}`,
}

const records: string[] = []
beforeEach(() => {
  records.length = 0
  vi.spyOn(console, 'log').mockImplementation((line: string) => void records.push(line))
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** Asks the whole gateway, and waits for what it does after the answer. */
async function ask(path: string, client?: string): Promise<Response> {
  const later: Promise<unknown>[] = []
  const headers = new Headers({ host: 'gw.test' })
  if (client !== undefined) headers.set('cf-connecting-ip', client)
  const answer = await gateway.fetch(new Request(`http://gw.test${path}`, { headers }), bindings, {
    waitUntil: (promise) => void later.push(promise),
  })
  const text = await answer.text()
  while (later.length > 0) await Promise.all(later.splice(0))
  return new Response(text, answer)
}
const statuses = async (count: number, ...call: Parameters<typeof ask>) => {
  const seen: number[] = []
  for (let i = 0; i < count; i++) seen.push((await ask(...call)).status)
  return seen
}

describe('a gateway behind a rate-limit binding', () => {
  test('refuses a client that is over it, and tells no policy that it does not know', async () => {
    expect(await statuses(LIMIT, '/by-client', '192.0.2.1')).toEqual([200, 200, 200])
    const refused = await ask('/by-client', '192.0.2.1')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('10')
    expect(refused.headers.get('ratelimit')).toBeNull()
    expect(await refused.json()).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      code: 'rate_limited',
      'violated-policies': ['first-tier'],
    })
  })

  test('lets other clients pass, and the same one on another route', async () => {
    expect(await statuses(LIMIT + 1, '/by-client', '192.0.2.2')).toEqual([200, 200, 200, 429])
    expect(await statuses(1, '/by-client', '192.0.2.3')).toEqual([200])
    expect(await statuses(1, '/by-client-too', '192.0.2.2')).toEqual([200])
  })

  test('counts a /64 as one client', async () => {
    const seen = []
    for (let i = 1; i <= LIMIT + 1; i++) seen.push((await ask('/by-client', `2001:db8:1:1::${i}`)).status)
    expect(seen).toEqual([200, 200, 200, 429])
  })

  test('counts all clients of a route that says so', async () => {
    const seen = []
    for (let i = 1; i <= LIMIT + 1; i++) seen.push((await ask('/by-route', `192.0.2.${i}`)).status)
    expect(seen).toEqual([200, 200, 200, 429])
  })

  test('leaves alone who has no address that is believed, and routes that do without', async () => {
    const twice = 2 * LIMIT
    expect(await statuses(twice, '/by-client')).toEqual(Array.from({ length: twice }, () => 200))
    expect(await statuses(twice, '/off', '192.0.2.1')).toEqual(Array.from({ length: twice }, () => 200))
  })

  test('refuses nobody on a route in report mode', async () => {
    expect(await statuses(LIMIT + 2, '/watched', '192.0.2.1')).toEqual([200, 200, 200, 200, 200])
    const reported = records.map((line) =>
      JSON.parse(line).reported.map(({ stage }: { stage: string }) => stage),
    )
    expect(reported).toEqual([[], [], [], ['first-tier'], ['first-tier']])
  })
})
