import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AdmitRequest, DeliveryClaim, LimitClaim, State } from '../../src/state/state.ts'
import { BlockedClients } from '../../src/state/upstash/blocked.ts'
import { upstashOperations } from '../../src/state/upstash/index.ts'
import { claimOf, hexKey } from '../contract/suite.ts'
import { dictionaryOf } from './dictionary.ts'
import { request, useRedis } from './redis.ts'
import { cellOf, numberOf, tableOf } from './tables.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../src/state/README.md'), 'utf8')
const DAY = 86_400_000
/** What the TTL column names and no value holds. */
const KNOWN = { leaseMs: 41_000, ttlMs: 3 * DAY, untilMs: 2 * DAY, keptMs: 5 * DAY, refill: 2 }
const dictionary = dictionaryOf(page, KNOWN)
const CLIENT = '203.0.113.77'
const PRINCIPAL = 'https://id.example.com|auth0|5f7c8ec7c33c6c004bbafe82'

const tested = useRedis()
const NAMESPACE = { STATE_NAMESPACE: 'production' }
const operations = () => upstashOperations({ ...tested.bindings, ...NAMESPACE })

interface Stored {
  key: string
  value: string
  ttlMs: number
  bytes: number
}

async function stored(): Promise<Stored[]> {
  const keys = (await tested.front.raw(['KEYS', '*'])) as string[]
  const found = keys.map(async (key) => {
    const ttlMs = Number(await tested.front.raw(['PTTL', key]))
    const bytes = Number(await tested.front.raw(['MEMORY', 'USAGE', key, 'SAMPLES', '0']))
    if ((await tested.front.raw(['TYPE', key])) === 'string') {
      return [{ key, value: String(await tested.front.raw(['GET', key])), ttlMs, bytes }]
    }
    // Of a hash, each field with its share of the bytes.
    const flat = (await tested.front.raw(['HGETALL', key])) as string[]
    const values = flat.flatMap((field, i) => (i % 2 === 0 ? [`${field} ${flat[i + 1]}`] : []))
    return values.map((value) => ({ key, value, ttlMs, bytes: bytes / values.length }))
  })
  return (await Promise.all(found)).flat()
}

const OWNED_BY_DIGEST = /:l:\w+:[0-9a-f]{64}:/

/** What is wrong with a key under the one row that it matches. */
function judge({ key, value, ttlMs, bytes }: Stored): string[] {
  const matching = dictionary.filter((entry) => entry.key.test(key) && entry.value.test(value))
  const [entry] = matching
  if (entry === undefined || matching.length > 1) return [`${key} = ${value} matches ${matching.length} rows`]
  const faults: string[] = []
  const groups = entry.value.exec(value)?.groups ?? {}
  const longest = entry.ttlMs(groups)
  // A window's count lives to the window's end, and where in the window this is run is chance.
  const windowMs = 'windowMs' in groups ? Number(groups.windowMs) : 0
  if (ttlMs <= 0 && longest !== -1) faults.push(`no TTL (${ttlMs})`)
  if (ttlMs > longest || ttlMs < longest - windowMs - 5000) faults.push(`TTL ${ttlMs}, not ${longest}`)
  const says = OWNED_BY_DIGEST.test(key) ? entry.bytes.digest : entry.bytes.plain
  if (says === undefined || Math.abs(bytes - says) > 0.2 * says) faults.push(`${bytes} bytes, not ${says}`)
  return faults.map((fault) => `${entry.name}: ${key} = ${value}: ${fault}`)
}

/** What each operation wrote, all of it since the file began. */
const written: (Stored & { by: string })[] = []

/** Runs an operation and keeps what it has changed. */
async function by<T>(operation: string, run: () => Promise<T>): Promise<T> {
  const before = new Set((await stored()).map(({ key, value }) => `${key} ${value}`))
  const result = await run()
  const changed = (await stored()).filter(({ key, value }) => !before.has(`${key} ${value}`))
  written.push(...changed.map((each) => ({ ...each, by: operation })))
  return result
}

const limitOf = (parts: Partial<LimitClaim> = {}): LimitClaim => ({
  owner: 'route:github',
  name: 'github:route',
  mode: 'enforce',
  cost: 1,
  algorithm: 'slidingWindow',
  max: 600,
  windowMs: 60_000,
  refill: KNOWN.refill,
  ...parts,
})
const delivery = (parts: Partial<DeliveryClaim> = {}): DeliveryClaim => {
  const { leaseMs, ttlMs } = KNOWN
  return claimOf({ route: 'github', requestId: crypto.randomUUID(), leaseMs, ttlMs, ...parts })
}
const asking = (parts: Partial<AdmitRequest>): AdmitRequest =>
  request({ client: CLIENT, revocable: [PRINCIPAL], ...parts })

const OWNERS: LimitClaim['owner'][] = [
  'route:github',
  'pool:writes',
  `client:${CLIENT}`,
  'client:2001:db8:85a3:8d3::',
  'client:unknown',
  'provider:github',
  'provider:unknown',
  `principal:${PRINCIPAL}`,
  `tenant:${hexKey()}`,
  'tenant:unknown',
  `apiKey:${hexKey()}`,
  'apiKey:unknown',
  `key:${hexKey()}`,
]
const WINDOWS: Partial<LimitClaim>[] = [
  { algorithm: 'slidingWindow', windowMs: 60_000 },
  { algorithm: 'fixedWindow', windowMs: DAY },
  { algorithm: 'fixedWindow', windowMs: 31 * DAY, calendar: 'month' },
  { algorithm: 'tokenBucket', windowMs: 10_000, max: 50 },
]

async function everyClaim(state: State): Promise<void> {
  const admit = async (outcome: string, asked: AdmitRequest) =>
    by('admit', async () => expect((await state.admit(asked)).outcome).toBe(outcome))
  const limits = [limitOf(), limitOf({ owner: `client:${CLIENT}`, name: 'github:client' })]
  const settle = (asked: AdmitRequest, as: 'commit' | 'release') => {
    const { claim = delivery(), token } = asked
    return by(as, () => state.settle({ claim, token, as }))
  }
  const giveBack = (asked: AdmitRequest) => by('give-back', () => state.giveBack(asked))

  await admit('admitted', asking({ limits, claim: delivery() }))
  const done = asking({ limits, claim: delivery() })
  await admit('admitted', done)
  await settle(done, 'commit')
  const released = asking({ claim: delivery() })
  await admit('admitted', released)
  await settle(released, 'release')
  const late = asking({ limits, claim: delivery() })
  await admit('admitted', late)
  await giveBack(late)
  await giveBack(asking({ limits, claim: delivery() }))
  const copy = asking({ limits, ...(done.claim && { claim: { ...done.claim, copiesPass: true } }) })
  await admit('done', copy)
  await giveBack(copy)
  for (const counted of [limits, []]) {
    const once = asking({
      limits: counted,
      claim: delivery({ kind: 'once', requestId: crypto.randomUUID() }),
    })
    await admit('admitted', once)
    await giveBack(once)
  }
  const over = limitOf({ name: 'github:over', max: 0, mode: 'report' })
  await admit(
    'admitted',
    asking({ limits: [over, limitOf({ name: 'github:free', cost: 0 })], claim: delivery() }),
  )
}

async function everyLimit(state: State): Promise<void> {
  for (const owner of OWNERS) {
    for (const window of WINDOWS) {
      const pooled = owner.startsWith('pool:')
      const limits = [limitOf({ owner, name: pooled ? '*:writes' : 'github:route', ...window, cost: 3 })]
      const first = asking({ limits })
      const second = asking({ limits: limits.map((limit) => ({ ...limit, cost: 2 })) })
      await by('admit', () => state.admit(first))
      await by('admit', () => state.admit(second))
      await by('give-back', () => state.giveBack(second))
    }
  }
}

beforeAll(async () => {
  const state = tested.isolate({}, NAMESPACE)
  await everyClaim(state)
  await everyLimit(state)
  const until = Date.now() + KNOWN.untilMs
  await by('block', () => operations().block(CLIENT, until, 'credential stuffing'))
  const reason = 'credential stuffing'
  await by('revoke', () => operations().revoke(PRINCIPAL, until, { reason }))
  const cutoff = { issuedBefore: Date.now(), reason }
  await by('revoke', () => operations().revoke(`iss:${PRINCIPAL}`, until, cutoff))
  // Beside a revocation of everything that ends sooner.
  await operations().revoke(`sid:${PRINCIPAL}`, until - DAY, { reason })
  await by('revoke', () => operations().revoke(`sid:${PRINCIPAL}`, until, cutoff))
  await by('keep', () => state.keep(`keys:${PRINCIPAL}`, 'x'.repeat(1000), KNOWN.keptMs))
  await by('putApiKey', async () => {
    for (let i = 0; i < 200; i++) {
      const id = `key_${hexKey().slice(0, 12)}`
      await operations().putApiKey({ id, digest: hexKey(), text: 'x'.repeat(200) })
    }
  })
})

describe('the state dictionary', () => {
  test('has one row for each key, with its value, TTL and size', () => {
    expect(written.length).toBeGreaterThan(100)
    expect(written.flatMap((each) => judge(each))).toEqual([])
  })

  test('has no row that nothing writes, and names who writes it', () => {
    for (const { name, key, value, writers, bytes } of dictionary) {
      const matching = written.filter((each) => key.test(each.key) && value.test(each.value))
      expect([name, ...new Set(matching.map(({ by: writer }) => writer))].sort()).toEqual(
        [name, ...writers].sort(),
      )
      const sizes = new Set(matching.map((each) => OWNED_BY_DIGEST.test(each.key)))
      expect([name, sizes.size]).toEqual([name, bytes.digest === undefined ? 1 : 2])
    }
  })

  test('would show a key that it does not have, one that stays for ever, and one that has grown', async () => {
    const { key, value } = written.find((each) => / [0-9]+$/.test(each.value)) ?? { key: '', value: '' }
    for (const planted of [
      ['SET', key.replace('sp1:', 'sp2:'), value, 'PX', '1000'],
      ['SET', key.replace(':c:', ':x:').replace(':l:', ':x:'), value, 'PX', '1000'],
      ['SET', key, `${value} more`, 'PX', '1000'],
      ['SET', key, value],
      ['SET', key, value, 'PX', '99999999999'],
      ['HSET', 'sp1:production:x', hexKey(), hexKey()],
      ['HSET', 'sp1:production:s:1', hexKey(), 'text'],
      ['SET', `sp1:production:b:${'x'.repeat(300)}`, 'B reason', 'PX', String(KNOWN.untilMs)],
    ]) {
      await tested.front.raw(planted)
      const found = (await stored()).find((each) => each.key === planted[1])
      expect([planted, found && judge(found).length]).not.toEqual([planted, 0])
      await tested.front.raw(['DEL', planted[1] ?? ''])
    }
  })

  test('shows addresses in the clear nowhere but where it says so, and principals nowhere', () => {
    const keys = written.map(({ key }) => key).filter((key) => key.includes(CLIENT))
    expect(keys.filter((key) => !/^sp1:production:(b:|l:client:)/.test(key))).toEqual([])
    expect(keys.length).toBeGreaterThan(0)
    const all = written.map(({ key, value }) => `${key} ${value}`).join('\n')
    for (const part of PRINCIPAL.split('|')) expect(all).not.toContain(part)
  })
})

test('the isolate keeps as many blocked clients as the page says, and for as long', () => {
  const [, seconds, most = ''] = /for (\d+) s, at most ([0-9,]+), the oldest/.exec(page) ?? []
  const blocked = new BlockedClients()
  const now = Date.now()
  for (let i = 0; i <= numberOf(most); i++) blocked.add(`client ${i}`, now)
  expect([0, 1, numberOf(most)].map((i) => blocked.has(`client ${i}`, now))).toEqual([false, true, true])
  const ends = now + Number(seconds) * 1000
  expect([ends - 1, ends].map((at) => blocked.has('client 1', at))).toEqual([true, false])
})

describe('a denial', () => {
  test('of any kind stores nothing', async () => {
    const state = tested.isolate({}, NAMESPACE)
    await operations().block('192.0.2.66', Date.now() + DAY)
    const before = (await stored()).map(({ key, value }) => `${key} ${value}`).sort()
    const parts = { limits: [limitOf({ name: 'github:new' })], claim: delivery() }
    const none = limitOf({ name: 'github:none', max: 0 })
    const outcomes = []
    for (const denied of [
      asking({ ...parts, limits: [none, ...parts.limits], client: '192.0.2.1', revocable: ['other'] }),
      asking({ ...parts, client: '192.0.2.66', revocable: ['other'] }),
      asking({ ...parts, client: '192.0.2.1' }),
    ]) {
      outcomes.push((await state.admit(denied)).outcome)
    }
    expect(outcomes).toEqual(['limited', 'blocked', 'revoked'])
    expect((await stored()).map(({ key, value }) => `${key} ${value}`).sort()).toEqual(before)
  })
})

describe('the storage tables', () => {
  const bytesOf = (value: string) =>
    dictionary.find(({ name }) => name.endsWith(` = ${value}`))?.bytes.plain ?? Number.NaN
  /** What Redis' own tables take for a key, as the page says. */
  const OWN = Number(/take about (\d+) bytes more\s+a key/.exec(page)?.[1])
  const SECONDS = { '1 h': 3600, '3 days': 259_200, '30 days': 2_592_000 }

  test("say rate × TTL × bytes of what is done and of Redis' own tables", () => {
    const rows = tableOf(page, 'deliveries per second')
    expect(rows.map((row) => numberOf(cellOf(row, 'deliveries per second')))).toEqual([1, 10, 100])
    for (const row of rows) {
      for (const [column, seconds] of Object.entries(SECONDS)) {
        const bytes = numberOf(cellOf(row, 'deliveries per second')) * seconds
        expect(cellOf(row, column)).toBe(sizeOf(bytes * (bytesOf('D <token> <request> <at>') + OWN)))
      }
    }
  })

  test("say clients × limits × bytes of a count and of Redis' own tables", () => {
    const rows = tableOf(page, 'distinct clients')
    expect(rows).toHaveLength(3)
    const bytes = bytesOf('s<windowMs> <start> <used> <previous>') + OWN
    for (const row of rows) {
      for (const [i, column] of ['1 limit', '2 limits', '3 limits'].entries()) {
        expect(cellOf(row, column)).toBe(sizeOf(numberOf(cellOf(row, 'distinct clients')) * (i + 1) * bytes))
      }
    }
  })

  test("name what Redis' own tables add", async () => {
    const memory = async () =>
      Number(/used_memory:(\d+)/.exec(String(await tested.front.raw(['INFO', 'memory'])))?.[1])
    const before = await memory()
    const fill = `for i = 1, 100000 do redis.call('SET', 'fill:' .. i, ARGV[1], 'PX', 60000) end`
    await tested.front.raw(['EVAL', fill, '0', 'x'.repeat(100)])
    const each = ((await memory()) - before) / 100_000
    const said = Number(await tested.front.raw(['MEMORY', 'USAGE', 'fill:50000']))
    expect(Math.abs(each - said - OWN)).toBeLessThan(0.3 * OWN)
  })

  test('are explained by the figures that they are made of', () => {
    const record = bytesOf('T <token> 0 <starts>')
    const [, storage = ''] = page.split('### How much storage')
    const named = [...storage.matchAll(/\((the bytes of `[Ds]`|\d+) \+ (\d+)/g)]
    expect(named.map(([, bytes, own]) => `${bytes} + ${own}`)).toEqual([
      `the bytes of \`D\` + ${OWN}`,
      `the bytes of \`s\` + ${OWN}`,
      `${record} + ${OWN}`,
    ])
  })
})

/** Three digits of a decimal unit. */
function sizeOf(bytes: number): string {
  const [unit, power] = bytes < 1e6 ? ['kB', 1e3] : bytes < 1e9 ? ['MB', 1e6] : ['GB', 1e9]
  const size = bytes / Number(power)
  return `${size.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)} ${unit}`
}
