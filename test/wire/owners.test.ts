import { sign } from 'sallyport/testing'
import { github, standard as standardProvider } from 'sallyport/webhooks'
import { describe, expect, it } from 'vitest'
import { one, problem, secrets } from './harness/gateway.ts'
import type { RawAnswer } from './harness/raw.ts'
import { useGateway } from './harness/use.ts'

const gateway = useGateway({ entry: 'test/wire/workers/options.ts', forgets: '/_test/admitted' })

interface Admitted {
  limits: { owner: string; name: string; cost: number }[]
}
const admitted = () => gateway.door<Admitted[]>('/_test/admitted')
const clientHeader = (client: string | undefined): [string, string][] =>
  client === undefined ? [] : [['CF-Connecting-IP', client]]
const call = (target: string, client?: string) =>
  gateway.call({ host: 'cloudflare.test', target, headers: clientHeader(client) })
const deliver = (
  target: string,
  { headers, body }: { headers: Record<string, string>; body: string },
  client?: string,
) =>
  gateway.call({
    host: 'cloudflare.test',
    method: 'POST',
    target,
    headers: [...Object.entries(headers), ...clientHeader(client)],
    body,
  })
const standard = (body = '{}') => sign(standardProvider, { secret: secrets.STANDARD_WEBHOOK_SECRET, body })
const push = (body: string) => sign(github, { secret: secrets.GITHUB_WEBHOOK_SECRET, event: 'push', body })

const remaining = (answer: RawAnswer) => one(answer, 'ratelimit')?.replaceAll(/;t=[0-9]+/g, '')
function expectLimited(answer: RawAnswer, ...policies: string[]): void {
  expect(answer.status).toBe(429)
  expect(problem(answer)).toMatchObject({ code: 'rate_limited', 'violated-policies': policies })
}

describe('a limit by principal', () => {
  it('counts a sender wherever it calls from, and no other sender of the route', async () => {
    const send = async (sign: 'standard' | 'github', client: string) => {
      const body = JSON.stringify({ from: client })
      return deliver('/by-principal', sign === 'github' ? await push(body) : await standard(body), client)
    }
    expect((await send('standard', '198.51.100.1')).status).toBe(200)
    expect((await send('standard', '198.51.100.2')).status).toBe(200)
    expectLimited(await send('standard', '198.51.100.3'), 'principal')
    expect((await send('github', '198.51.100.1')).status).toBe(200)
    expect((await send('github', '198.51.100.2')).status).toBe(200)
    expectLimited(await send('github', '198.51.100.3'), 'principal')
    expect(gateway.origin.requests).toHaveLength(4)
    const owners = (await admitted()).map(({ limits }) => limits.map(({ owner }) => owner))
    expect(owners.slice(2, 4)).toEqual([
      ['principal:standard|STANDARD_WEBHOOK_SECRET'],
      ['principal:github|GITHUB_WEBHOOK_SECRET'],
    ])
  })

  it('does not count a forged signature against the sender', async () => {
    const forged = { ...(await push('{"forged":1}')), body: '{"forged":2}' }
    expect((await deliver('/by-principal', forged)).status).toBe(401)
    expect(await admitted()).toEqual([])
  })
})

describe('a limit by client', () => {
  const statuses = async (...clients: (string | undefined)[]) => {
    const seen: number[] = []
    for (const client of clients) seen.push((await call('/by-client', client)).status)
    return seen
  }

  it('counts each address by itself', async () => {
    expect(await statuses('198.51.100.1', '198.51.100.1', '198.51.100.1')).toEqual([200, 200, 429])
    expect(await statuses('198.51.100.2', '198.51.100.2', '198.51.100.2')).toEqual([200, 200, 429])
    expect(gateway.origin.requests).toHaveLength(4)
  })

  it('counts a /64 as one client, whichever of its addresses calls, and the next /64 as another', async () => {
    expect(await statuses('2001:db8:1:2::1', '2001:db8:1:2:f::2', '2001:db8:1:2:ffff::3')).toEqual([
      200, 200, 429,
    ])
    expect(await statuses('2001:db8:1:3::1')).toEqual([200])
  })

  it('counts all whose address is not believed as one', async () => {
    expect(await statuses(undefined, 'malformed', '198.51.100.7:80')).toEqual([200, 200, 429])
    const owners = (await admitted()).map(({ limits }) => limits[0]?.owner)
    expect(owners).toEqual(['client:unknown', 'client:unknown', 'client:unknown'])
  })
})

describe('several units and several limits', () => {
  it('a request takes its cost, and what is left but too little lets nobody in', async () => {
    const answers = [await call('/costly'), await call('/costly'), await call('/costly')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(answers.slice(0, 2).map(remaining)).toEqual(['"route";r=3', '"route";r=1'])
    expectLimited(answers[2] as RawAnswer, 'route')
    expect(gateway.origin.requests).toHaveLength(2)
  })

  it('two limits of one owner are told apart, and the narrower denies alone', async () => {
    const answers = [await call('/twofold'), await call('/twofold')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(one(answers[0] as RawAnswer, 'ratelimit-policy')).toBe('"burst";q=4;w=86400, "steady";q=9;w=86400')
    expect(answers.map(remaining)).toEqual(['"burst";r=2, "steady";r=8', '"burst";r=0, "steady";r=7'])
    for (let i = 0; i < 3; i++) {
      const denied = await call('/twofold')
      expectLimited(denied, 'burst')
      expect(one(denied, 'ratelimit-policy')).toBe('"burst";q=4;w=86400, "steady";q=9;w=86400')
      // Together or not at all: the wider limit has not paid for what the narrower refused. An isolate that has not
      // forgotten the first denial asks nobody, and tells what it knows.
      expect(remaining(denied)).toBe(i === 0 ? '"burst";r=0, "steady";r=7' : '"burst";r=0')
    }
    const limits = (await admitted()).at(-1)?.limits
    expect(limits?.map(({ owner, name, cost }) => ({ owner, name, cost }))).toEqual([
      { owner: 'route:twofold', name: 'twofold:burst', cost: 2 },
      { owner: 'route:twofold', name: 'twofold:steady', cost: 1 },
    ])
  })
})
