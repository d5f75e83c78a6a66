import { sign } from 'sallyport/testing'
import { github, standard as standardProvider } from 'sallyport/webhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { one, problem, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import type { RawAnswer } from './harness/raw.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({
    entry: 'test/wire/workers/limits.ts',
    bindings: { TRUST: 'none' },
  })
})
afterAll(() => gateway.close())
beforeEach(async () => {
  gateway.origin.clear()
  await asked()
})

interface Claim {
  owner: string
  name: string
}
/** Owner and name of each limit that shared state was asked for since. */
const asked = async () =>
  (await gateway.door<Claim[][]>('/')).flat().map(({ owner, name }) => `${name} of ${owner}`)
const get = (target: string, key?: string) =>
  gateway.call({ target, headers: key === undefined ? [] : [['X-Test-Key', key]] })
const statuses = async (...calls: (() => Promise<RawAnswer>)[]) => {
  const seen: number[] = []
  for (const call of calls) seen.push((await call()).status)
  return seen
}
const times = (count: number, call: () => Promise<RawAnswer>) => Array.from({ length: count }, () => call)
const left = (answer: RawAnswer) => one(answer, 'ratelimit')?.replaceAll(/;t=[0-9]+/g, '')
let deliveries = 0
const standard = async (target: string) => {
  const body = JSON.stringify({ number: ++deliveries })
  return gateway.deliver(
    target,
    await sign(standardProvider, { secret: secrets.STANDARD_WEBHOOK_SECRET, body }),
  )
}
const push = async (target: string) => {
  const body = JSON.stringify({ number: ++deliveries })
  const signed = await sign(github, { secret: secrets.GITHUB_WEBHOOK_SECRET, event: 'push', body })
  return gateway.deliver(target, signed)
}

describe('what a limit counts by', () => {
  it('route: all callers together', async () => {
    expect(await statuses(...times(3, () => get('/by-route')))).toEqual([200, 200, 429])
    expect((await asked())[0]).toBe('by-route:route of route:by-route')
  })

  it('client: without an address all are one', async () => {
    expect(await statuses(...times(3, () => get('/by-client')))).toEqual([200, 200, 429])
    expect((await asked())[0]).toBe('by-client:client of client:unknown')
  })

  it('principal: one caller with all of its keys, and no other', async () => {
    const call = (key: string) => () => get('/by-principal', key)
    expect(await statuses(call('ann-first'), call('ann-second'), call('ann-first'), call('bob'))).toEqual([
      200, 200, 429, 200,
    ])
    expect((await asked())[0]).toBe('by-principal:principal of principal:keys|ann')
  })

  it('API key: each key by itself, and no text of a key in the owner, however long', async () => {
    const call = (key: string) => () => get('/by-api-key', key)
    expect(await statuses(...times(3, call('ann-first')), call('ann-second'), call('bob'))).toEqual([
      200, 200, 429, 200, 200,
    ])
    expect(left(await get('/by-api-key', 'bob'))).toBe('"api-key";r=0')
    const owners = await asked()
    for (const owner of owners) expect(owner).toMatch(/^by-api-key:api-key of apiKey:[0-9a-f]{64}$/)
    expect(new Set(owners).size).toBe(3)
  })

  it('API key: a scheme that forgot to name the key is answered with 500, and counts nobody as one', async () => {
    const answer = await get('/by-api-key', 'keyless')
    expect(answer.status).toBe(500)
    expect(problem(answer).code).toBe('internal_error')
    expect(await asked()).toEqual([])
    expect(gateway.origin.requests).toEqual([])
  })

  it('a forged key is counted against nobody', async () => {
    expect((await get('/by-api-key', 'constructor')).status).not.toBe(200)
    expect((await get('/by-api-key', 'forged')).status).toBe(401)
    expect(await asked()).toEqual([])
  })

  it('tenant: what the route says, in every spelling that it makes one, and no other tenant', async () => {
    expect(
      await statuses(
        () => get('/by-tenant/acme/a'),
        () => get('/by-tenant/ACME/b'),
        () => get('/by-tenant/%61cme/c'),
        () => get('/by-tenant/bobs/a'),
      ),
    ).toEqual([200, 200, 429, 200])
    const owners = await asked()
    for (const owner of owners) expect(owner).toMatch(/^by-tenant:tenant of tenant:[0-9a-f]{64}$/)
    expect(new Set(owners).size).toBe(2)
  })

  it('tenant: of the verified principal, whoever of its callers asks', async () => {
    const call = (key: string) => () => get('/by-account', key)
    expect(await statuses(call('ann-first'), call('keyless'), call('ann-second'), call('bob'))).toEqual([
      200, 200, 429, 200,
    ])
  })

  it('tenant: a function that names none is answered with 500, not counted with strangers', async () => {
    expect((await get('/without-a-tenant')).status).toBe(500)
    expect(gateway.origin.requests).toEqual([])
  })

  it('tenant: in report mode those whose tenant cannot be known are one', async () => {
    expect(await statuses(...times(3, () => get('/tenant-watched')))).toEqual([200, 200, 200])
    expect(new Set(await asked())).toEqual(new Set(['tenant-watched:tenant of tenant:unknown']))
  })

  it('provider: its deliveries, whichever client sends them', async () => {
    expect(await statuses(...times(3, () => standard('/by-provider')))).toEqual([200, 200, 429])
    expect((await asked())[0]).toBe('by-provider:provider of provider:standard')
  })

  it('provider: a forged delivery is not counted against it', async () => {
    const signed = await sign(standardProvider, { secret: secrets.STANDARD_WEBHOOK_SECRET, body: '{"a":1}' })
    const forged = await gateway.deliver('/by-provider', { ...signed, body: '{"a":2}' })
    expect(forged.status).toBe(401)
    expect(await asked()).toEqual([])
  })

  it('client on a webhook: where the route allows shared addresses', async () => {
    expect(await statuses(...times(3, () => standard('/shared-addresses')))).toEqual([200, 200, 429])
    expect((await asked())[0]).toBe('shared-addresses:client of client:unknown')
  })

  it('a function: the text that it returns, digested', async () => {
    expect(await statuses(...times(3, () => get('/by-function/ann')), () => get('/by-function/bob'))).toEqual(
      [200, 200, 429, 200],
    )
    for (const owner of await asked()) expect(owner).toMatch(/^by-function:custom of key:[0-9a-f]{64}$/)
  })

  it('a function that returns no text: 500, and not one count for everybody', async () => {
    const answer = await get('/by-broken-function')
    expect(answer.status).toBe(500)
    expect((await gateway.recordOf(answer)).reason).toBe('unexpected TypeError')
    expect(await asked()).toEqual([])
  })
})

describe('limits of one pool', () => {
  it('by route and by tenant: two routes draw on one count, each at its own cost', async () => {
    const first = await get('/pool-one', 'ann-first')
    expect(left(first)).toBe('"all";r=5, "team";r=2')
    const second = await get('/pool-two', 'ann-second')
    expect(left(second)).toBe('"all";r=3, "team";r=1')
    expect(left(await get('/pool-one', 'ann-first'))).toBe('"all";r=2, "team";r=0')
    // The tenant's pool is empty: a second after its next request nothing is missing from the pool that all share.
    const denied = await get('/pool-two', 'ann-first')
    expect(denied.status).toBe(429)
    expect(problem(denied)).toMatchObject({ 'violated-policies': ['team'] })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(left(await get('/pool-two', 'bob'))).toBe('"all";r=0, "team";r=2')
    expect(problem(await get('/pool-one', 'bob'))).toMatchObject({ 'violated-policies': ['all'] })
    const owners = await asked()
    expect(owners[0]).toBe('*:all of pool:all')
    expect(owners[1]).toMatch(/^\*:team of tenant:[0-9a-f]{64}$/)
  })

  it('are nothing to limits of the same name in no pool', async () => {
    expect(left(await get('/pool-none', 'ann-first'))).toBe('"all";r=5, "team";r=2')
  })

  it('by a function: the same text is the same count, in either route', async () => {
    const read = (who: string) => () => get(`/pool-read/${who}`)
    const write = (who: string) => () => gateway.call({ method: 'DELETE', target: `/pool-write/${who}` })
    expect(await statuses(read('ann'), write('ann'), read('ann'), write('ann'), write('bob'))).toEqual([
      200, 200, 429, 429, 200,
    ])
  })

  it('by provider: all routes of one provider, and no other provider', async () => {
    expect(
      await statuses(
        () => standard('/pool-hooks/standard/1'),
        () => standard('/pool-hooks/standard/2'),
        () => standard('/pool-hooks/standard/3'),
        () => push('/pool-hooks/github'),
      ),
    ).toEqual([200, 200, 429, 200])
    const owners = await asked()
    expect(owners[0]).toBe('*:hooks of provider:standard')
    expect(owners.at(-1)).toBe('*:hooks of provider:github')
  })

  it('tell the record their name, as the headers do', async () => {
    const { limits } = await gateway.recordOf(await get('/pool-read/carol'))
    expect(limits).toEqual([{ name: '*:whoever', max: 2, remaining: 1 }])
  })
})
