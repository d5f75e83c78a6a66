import { sign } from 'sallyport/testing'
import { github, standard as standardProvider } from 'sallyport/webhooks'
import { describe, expect, it } from 'vitest'
import { one, secrets } from './harness/gateway.ts'
import { useGateway } from './harness/use.ts'

const gateway = useGateway({ entry: 'test/wire/workers/options.ts', forgets: '/_test/admitted' })

interface Admitted {
  claim?: { key: string; ttlMs: number }
}
const admitted = () => gateway.door<Admitted[]>('/_test/admitted')
const deliver = (target: string, { headers, body }: { headers: Record<string, string>; body: string }) =>
  gateway.call({ host: 'direct.test', method: 'POST', target, headers: Object.entries(headers), body })
const standard = (body = '{}') => sign(standardProvider, { secret: secrets.STANDARD_WEBHOOK_SECRET, body })
const push = (body: string) => sign(github, { secret: secrets.GITHUB_WEBHOOK_SECRET, event: 'push', body })
const arrivals = () => gateway.origin.requests.map(({ target }) => target)

describe('the tenant of a route', () => {
  it('keeps equal deliveries of two tenants apart, and one of each tenant from its copy', async () => {
    const delivery = await standard()
    const [first, second] = [
      await deliver('/tenants/ann/hooks', delivery),
      await deliver('/tenants/bob/hooks', delivery),
    ]
    for (const answer of [first, second]) {
      expect(answer.status).toBe(200)
      expect(one(answer, 'sallyport-duplicate-of')).toBeUndefined()
    }
    const keys = (await admitted()).map(({ claim }) => claim?.key)
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(keys[1]).toMatch(/^[0-9a-f]{64}$/)
    expect(keys[0]).not.toBe(keys[1])
    for (const [target, original] of [
      ['/tenants/ann/hooks', first],
      ['/tenants/bob/hooks', second],
    ] as const) {
      const copy = await deliver(target, delivery)
      expect(one(copy, 'sallyport-duplicate-of')).toBe(one(original, 'sallyport-id'))
    }
    expect(arrivals()).toEqual(['/tenants/ann/hooks', '/tenants/bob/hooks'])
  })

  it('is one tenant in every spelling of its path', async () => {
    const delivery = await standard()
    const first = await deliver('/tenants/ann/hooks', delivery)
    const copy = await deliver('/tenants/%61nn/hooks', delivery)
    expect(one(copy, 'sallyport-duplicate-of')).toBe(one(first, 'sallyport-id'))
    expect(arrivals()).toEqual(['/tenants/ann/hooks'])
  })

  it('is nobody by default: the route has one key space', async () => {
    const delivery = await standard()
    const first = await deliver('/shared/ann/hooks', delivery)
    const copy = await deliver('/shared/bob/hooks', delivery)
    expect(one(copy, 'sallyport-duplicate-of')).toBe(one(first, 'sallyport-id'))
    expect(arrivals()).toEqual(['/shared/ann/hooks'])
  })
})

describe('replay.ttl', () => {
  const DAY_MS = 86_400_000
  const ttlOf = async (target: string, delivery: Awaited<ReturnType<typeof standard>>) => {
    expect((await deliver(target, delivery)).status).toBe(200)
    return (await admitted()).map(({ claim }) => claim?.ttlMs)
  }

  it('shorter than the signature stays valid is not taken: a copy would pass once more', async () => {
    expect(await ttlOf('/brief', await standard())).toEqual([2 * 300 * 1000 + 25_000])
  })

  it('longer than the provider says is taken', async () => {
    expect(await ttlOf('/lasting', await standard())).toEqual([7 * DAY_MS])
  })

  it('is by default what the provider says', async () => {
    expect(await ttlOf('/shared/ann/hooks', await standard())).toEqual([5 * DAY_MS])
    expect(await ttlOf('/push', await push('{"by":"default"}'))).toEqual([30 * DAY_MS])
  })

  it('is taken as it is where no time is signed, since no signature ever ends', async () => {
    expect(await ttlOf('/brief-push', await push('{"ttl":"short"}'))).toEqual([60_000])
  })
})
