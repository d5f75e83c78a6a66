import type { DecisionEvent } from 'sallyport'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { one, startGateway, type TestGateway } from './harness/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/options.ts' })
})
afterAll(() => gateway.close())

const PEER = '203.0.113.9'
const from = (address: string): [string, string] => ['CF-Connecting-IP', address]
const call = (host: string, target = '/read/x', headers: [string, string][] = []) =>
  gateway.call({ host, target, headers })
async function recordAt(host: string, headers: [string, string][] = [from(PEER)]): Promise<DecisionEvent> {
  const answer = await call(host, '/read/x', headers)
  expect(answer.status).toBe(200)
  return gateway.recordOf(answer)
}

describe('recordClient', () => {
  it("'full' names the whole address", async () => {
    expect((await recordAt('full.test')).client).toBe(PEER)
    expect((await recordAt('full.test', [from('2001:db8:1:2:3:4:5:6')])).client).toBe('2001:db8:1:2:3:4:5:6')
  })

  it("'truncated' cuts to /24 and /48, and is the default", async () => {
    for (const host of ['truncated.test', 'cloudflare.test']) {
      expect((await recordAt(host)).client).toBe('203.0.113.0')
      expect((await recordAt(host, [from('2001:db8:1:2:3:4:5:6')])).client).toBe('2001:db8:1::')
    }
  })

  it("'hashed' tells one client from another, and not who they are", async () => {
    const [first, again, neighbour] = [
      await recordAt('hashed.test'),
      await recordAt('hashed.test'),
      await recordAt('hashed.test', [from('203.0.113.10')]),
    ]
    expect(first.client).toMatch(/^[0-9a-f]{24}$/)
    expect(again.client).toBe(first.client)
    expect(neighbour.client).toMatch(/^[0-9a-f]{24}$/)
    expect(neighbour.client).not.toBe(first.client)
    expect(JSON.stringify(first)).not.toContain('203.0.113')
  })

  it("'hashed' under another RECORD_KEY shares no name with the first", async () => {
    const renamed = (await recordAt('rekeyed.test')).client
    expect(renamed).toMatch(/^[0-9a-f]{24}$/)
    expect(renamed).not.toBe((await recordAt('hashed.test')).client)
  })

  it("'hashed' without RECORD_KEY leaves the client out, rather than hash what could be searched for", async () => {
    expect((await recordAt('keyless.test')).client).toBeNull()
  })

  it('holds for what the first door and the router refuse: they know no client yet', async () => {
    for (const [target, stage] of [
      ['/read/../x', 'receive'],
      ['/nowhere', 'match'],
    ] as const) {
      const record = await gateway.recordOf(await call('full.test', target, [from(PEER)]))
      expect(record).toMatchObject({ decision: 'refused', stage, client: null })
    }
  })
})

describe('workerVersion', () => {
  it('is the id in CF_VERSION_METADATA, for what is forwarded and what is refused', async () => {
    expect((await recordAt('versioned.test', [])).workerVersion).toBe('version-1')
    const refused = await call('versioned.test', '/nowhere')
    expect((await gateway.recordOf(refused)).workerVersion).toBe('version-1')
  })

  it('is null without the binding, and for an id that is no text', async () => {
    expect((await recordAt('direct.test', [])).workerVersion).toBeNull()
    expect((await recordAt('misversioned.test', [])).workerVersion).toBeNull()
  })
})

describe('budget', () => {
  const overBudget = async (target: string) => {
    const answer = await call('direct.test', target)
    expect(answer.status).toBe(200)
    return (await gateway.recordOf(answer)).overBudget
  }
  afterEach(() => gateway.door('/_test/delay', { ms: 0 }))

  it('that slow state goes over is recorded, and refuses nobody', async () => {
    await gateway.door('/_test/delay', { ms: 120 })
    expect(await overBudget('/hasty')).toBe(true)
    expect(await overBudget('/patient')).toBe(false)
  })

  it('is 50 ms by default: slow state goes over it, quick state does not', async () => {
    const quick: boolean[] = []
    for (let i = 0; i < 5; i++) quick.push(await overBudget('/read/x'))
    expect(quick).toContain(false)
    await gateway.door('/_test/delay', { ms: 120 })
    expect(await overBudget('/read/x')).toBe(true)
  })

  it('does not count what the origin takes', async () => {
    gateway.origin.behave({ delayMs: 150 }, 5)
    const records: DecisionEvent[] = []
    for (let i = 0; i < 5; i++) records.push(await gateway.recordOf(await call('direct.test')))
    for (const { waits } of records) expect(waits.origin).toBeGreaterThanOrEqual(140)
    expect(records.map((record) => record.overBudget)).toContain(false)
  })
})

describe('serverTiming', () => {
  const MEMBERS = /^(read|authenticate|admit|origin|settle);dur=[0-9]+(\.[0-9])?$/
  const waitsOf = (header: string | undefined) =>
    Object.fromEntries((header ?? '').split(', ').map((member) => member.split(';dur=') as [string, string]))
  afterEach(() => gateway.door('/_test/delay', { ms: 0 }))

  it('tells callers the waits that the record tells, state and origin apart', async () => {
    await gateway.door('/_test/delay', { ms: 100 })
    gateway.origin.behave({ delayMs: 200 })
    const answer = await call('timed.test')
    const header = one(answer, 'server-timing')
    for (const member of header?.split(', ') ?? ['none']) expect(member).toMatch(MEMBERS)
    const waits = waitsOf(header)
    expect(Object.keys(waits).sort()).toEqual(['admit', 'authenticate', 'origin', 'read'])
    expect(Number(waits.admit)).toBeGreaterThanOrEqual(95)
    expect(Number(waits.origin)).toBeGreaterThanOrEqual(195)
    const record = await gateway.recordOf(answer)
    expect(Number(waits.admit)).toBe(record.waits.admit)
    expect(Number(waits.origin)).toBe(record.waits.origin)
  })

  it('is absent by default and where it is off, from answers and refusals alike', async () => {
    for (const host of ['direct.test', 'untimed.test']) {
      for (const target of ['/read/x', '/later', '/nowhere']) {
        const answer = await call(host, target)
        expect(one(answer, 'sallyport-id')).toBeDefined()
        expect(answer.headers.get('server-timing')).toBeUndefined()
      }
    }
  })
})
