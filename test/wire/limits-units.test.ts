import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { one, problem, startGateway, type TestGateway } from './harness/gateway.ts'
import type { RawAnswer } from './harness/raw.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/limits.ts' })
})
afterAll(() => gateway.close())
beforeEach(async () => {
  gateway.origin.clear()
  await asked()
})

interface Claim {
  name: string
  owner: string
  cost: number
  max: number
  refill: number
  windowMs: number
  calendar?: 'month'
}
const asked = async () => (await gateway.door<Claim[][]>('/')).flat()
const get = (target: string, key?: string) =>
  gateway.call({ target, headers: key === undefined ? [] : [['X-Test-Key', key]] })
const left = (answer: RawAnswer) => one(answer, 'ratelimit')?.replaceAll(/;t=[0-9]+/g, '')
const reset = (answer: RawAnswer, name: string) =>
  Number(one(answer, 'ratelimit')?.match(new RegExp(`"${name}";r=[0-9]+;t=([0-9]+)`))?.[1])

describe('a cost that a function names', () => {
  it('is taken for each request by itself', async () => {
    const answers = [await get('/costly/ann/4'), await get('/costly/ann/1'), await get('/costly/ann/5')]
    expect(answers.map(left)).toEqual(['"custom";r=6', '"custom";r=5', '"custom";r=0'])
    expect((await asked()).map(({ cost }) => cost)).toEqual([4, 1, 5])
    const denied = await get('/costly/ann/1')
    expect(denied.status).toBe(429)
    expect(gateway.origin.requests).toHaveLength(3)
  })

  it('of 0 takes nothing and passes, even where nothing is left', async () => {
    expect(left(await get('/costly/bob/0'))).toBe('"custom";r=10')
    expect(left(await get('/costly/bob/10'))).toBe('"custom";r=0')
    for (let i = 0; i < 3; i++) {
      const free = await get('/costly/bob/0')
      expect(free.status).toBe(200)
      expect(left(free)).toBe('"custom";r=0')
    }
    expect((await get('/costly/bob/1')).status).toBe(429)
    expect((await get('/costly/bob/0')).status).toBe(200)
  })

  it('above max is never there, and takes nothing', async () => {
    const denied = await get('/costly/carol/11')
    expect(denied.status).toBe(429)
    expect(problem(denied)).toMatchObject({ code: 'rate_limited', 'violated-policies': ['custom'] })
    expect((await get('/costly/carol/1000000000')).status).toBe(429)
    expect(left(await get('/costly/carol/10'))).toBe('"custom";r=0')
  })

  it.each(['-1', 'NaN', '1.5', 'Infinity', '-Infinity', '1000000001', '1e300', 'many'])(
    'of %s is a fault of the route: 500, nothing counted, nothing forwarded',
    async (units) => {
      const answer = await get(`/costly/dave/${units}`)
      expect(answer.status).toBe(500)
      expect(problem(answer).code).toBe('internal_error')
      expect((await gateway.recordOf(answer)).reason).toBe('unexpected RangeError')
      expect(await asked()).toEqual([])
      expect(gateway.origin.requests).toEqual([])
    },
  )

  it('is 1 in report mode, where it cannot be known, and a broken owner is one for all', async () => {
    for (const units of ['3', '-1', 'NaN']) expect((await get(`/costly-watched/${units}`)).status).toBe(200)
    const claims = await asked()
    expect(claims.map(({ cost }) => cost)).toEqual([3, 1, 1, 1, 1, 1])
    expect(new Set(claims.map(({ owner }) => owner)).size).toBe(2)
    expect(gateway.origin.requests).toHaveLength(3)
  })

  it('refuses nobody where only the limit is in report mode', async () => {
    for (const units of ['3', '-1', 'NaN']) expect((await get(`/costly-tried/${units}`)).status).toBe(200)
    expect((await asked()).map(({ cost }) => cost)).toEqual([3, 1, 1, 1, 1, 1])
  })

  it('may rest on the validated input, and not on what the schema refused', async () => {
    const post = (body: unknown) =>
      gateway.call({
        method: 'POST',
        target: '/heavy-body',
        headers: [['Content-Type', 'application/json']],
        body: JSON.stringify(body),
      })
    expect(left(await post({ items: ['a', 'b', 'c'] }))).toBe('"route";r=7')
    expect((await post({ items: { length: -100 } })).status).toBe(422)
    expect(left(await post({ items: [] }))).toBe('"route";r=7')
  })
})

describe('tiers', () => {
  const burst = async (target: string, key?: string) => {
    let passed = 0
    while (passed < 9 && (await get(target, key)).status === 200) passed++
    return passed
  }

  it('of those who are listed hold in place of max, in the headers too', async () => {
    expect(await burst('/tiers/ann/pro')).toBe(2)
    expect(await burst('/tiers/bob/enterprise')).toBe(4)
    const [pro] = await asked()
    expect(pro).toMatchObject({ max: 2, refill: 2 })
    const enterprise = await get('/tiers/carol/enterprise')
    expect(one(enterprise, 'ratelimit-policy')).toBe('"custom";q=4;w=86400')
    expect(left(enterprise)).toBe('"custom";r=3')
    expect((await asked()).at(-1)).toMatchObject({ max: 4, refill: 3 })
  })

  it('of those who are not listed, or have none, change nothing: max holds', async () => {
    for (const plan of ['none', 'free', 'PRO', '__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(await burst(`/tiers/who-${plan.toLowerCase()}/${plan}`), plan).toBe(1)
    }
    for (const { max, refill } of await asked()) expect([max, refill]).toEqual([1, 1])
  })

  it('come from the verified caller, and not from what a client says', async () => {
    const asFirst = [
      ['X-Test-Key', 'ann-first'],
      ['X-Plan', 'enterprise'],
    ] as [string, string][]
    const answer = await gateway.call({ target: '/tier-of-caller?plan=enterprise', headers: asFirst })
    expect(answer.status).toBe(400)
    expect(left(await gateway.call({ target: '/tier-of-caller', headers: asFirst }))).toBe('"api-key";r=4')
    expect(left(await get('/tier-of-caller', 'ann-second'))).toBe('"api-key";r=6')
    expect(left(await get('/tier-of-caller', 'bob'))).toBe('"api-key";r=1')
  })

  it('keep the count when a caller moves to another: what was taken stays taken', async () => {
    expect(await burst('/tiers/dora/pro')).toBe(2)
    expect(left(await get('/tiers/dora/enterprise'))).toBe('"custom";r=1')
    expect((await get('/tiers/dora/none')).status).toBe(429)
  })

  it('the record says the max that held', async () => {
    await burst('/tiers/erin/pro')
    const { measure } = await gateway.recordOf(await get('/tiers/erin/pro'))
    expect(measure).toMatchObject({ limit: 2, actual: 3 })
  })

  it('from a function that throws: 500, and in a limit in report mode nobody has one', async () => {
    expect((await get('/tier-broken')).status).toBe(500)
    expect(await asked()).toEqual([])
    expect((await get('/tier-broken-watched')).status).toBe(200)
    expect((await asked()).map(({ max }) => max)).toEqual([2])
  })
})

describe('quotas of the calendar', () => {
  it('tell their policy and when they are new, beside a limit of seconds', async () => {
    const answer = await get('/quotas/ann')
    const now = new Date(Date.parse(one(answer, 'date') ?? '') || Date.now())
    expect(one(answer, 'ratelimit-policy')).toBe(
      '"burst";q=50;w=10, "daily";q=3;w=86400, "monthly";q=100;w=2678400',
    )
    expect(left(answer)).toBe('"burst";r=49, "daily";r=2, "monthly";r=99')
    const day = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1)
    const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)
    expect(Math.abs(reset(answer, 'daily') - (day - now.getTime()) / 1000)).toBeLessThan(5)
    expect(Math.abs(reset(answer, 'monthly') - (month - now.getTime()) / 1000)).toBeLessThan(5)
    expect((await asked()).map(({ windowMs, calendar }) => [windowMs, calendar])).toEqual([
      [10_000, undefined],
      [86_400_000, undefined],
      [31 * 86_400_000, 'month'],
    ])
  })

  it('deny by their name until they are new', async () => {
    for (let i = 0; i < 3; i++) expect((await get('/quotas/bob')).status).toBe(200)
    const denied = await get('/quotas/bob')
    expect(denied.status).toBe(429)
    expect(problem(denied)).toMatchObject({ 'violated-policies': ['daily'] })
    expect(Math.abs(Number(one(denied, 'retry-after')) - reset(denied, 'daily'))).toBeLessThanOrEqual(1)
    expect(Number(one(denied, 'retry-after'))).toBeLessThanOrEqual(86_400)
  })
})

it('a refused request takes nothing of six limits with six owners', async () => {
  const first = await get('/mixed/ann', 'ann-first')
  const rest = '"mixed";r=49, "tenant";r=49, "api-key";r=48, "principal";r=49, "client";r=39'
  expect(left(first)).toBe(`${rest}, "narrow";r=0`)
  for (let i = 0; i < 5; i++) {
    expect(problem(await get('/mixed/ann', 'ann-first'))).toMatchObject({ 'violated-policies': ['narrow'] })
  }
  // What a denial took from other objects is given back after its answer.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(left(await get('/mixed/bob', 'ann-first'))).toBe(
    '"mixed";r=48, "tenant";r=48, "api-key";r=46, "principal";r=48, "client";r=38, "narrow";r=0',
  )
  expect(gateway.origin.requests.map(({ target }) => target)).toEqual(['/mixed/ann', '/mixed/bob'])
})
