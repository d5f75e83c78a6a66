import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { guard } from '../../src/state/isolate/guard.ts'
import type { AdmitRequest, LimitClaim, State } from '../../src/state/state.ts'
import { claimOf, limitOf } from '../contract/suite.ts'
import { request, useRedis } from './redis.ts'
import { cellOf, numberOf, type Row, tableOf } from './tables.ts'

const page = readFileSync(resolve(import.meta.dirname, '../../src/state/upstash/README.md'), 'utf8')
const WAY = 'what becomes of a request'
const counts = tableOf(page, WAY)
const tested = useRedis()

let state: State
beforeAll(async () => {
  state = tested.isolate()
  // From here on the server knows the scripts.
  const first = delivery()
  await state.admit(first)
  await settled(first, 'release')
})

/** Commands that Redis ran, those of scripts too; those among them that Redis itself calls writes; HTTP calls. */
async function counted(run: () => Promise<unknown>): Promise<number[]> {
  const writing = new Set(
    (await tested.front.raw(['COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'write'])) as string[],
  )
  const scripting = new Set(['evalsha', 'eval'])
  const monitor = await tested.front.monitor()
  tested.front.calls.length = 0
  await run()
  await monitor.stop()
  const names = monitor.lines.map(({ command }) => String(command[0]).toLowerCase())
  const writes = names.filter((name) => writing.has(name) && !scripting.has(name))
  return [names.length, writes.length, tested.front.calls.length]
}

const caller = { client: '192.0.2.1', revocable: ['https://issuer|subject'] }
const delivery = (parts: Partial<AdmitRequest> = {}) =>
  request({ ...caller, limits: [limitOf()], claim: claimOf(), ...parts })
const api = (limit: LimitClaim) => request({ ...caller, limits: [limit] })

async function admitted(asked: AdmitRequest): Promise<AdmitRequest> {
  expect((await state.admit(asked)).outcome).toBe('admitted')
  return asked
}

async function settled({ claim = claimOf(), token }: AdmitRequest, as: 'commit' | 'release'): Promise<void> {
  expect(await state.settle({ claim, token, as })).toBe(true)
}

const ways: Record<string, () => Promise<number[]>> = {
  'delivery, committed': () => counted(async () => settled(await admitted(delivery()), 'commit')),
  'delivery, released because the origin refused it': () =>
    counted(async () => settled(await admitted(delivery()), 'release')),
  async 'copy of a delivery that is done'() {
    const asked = await admitted(delivery())
    await settled(asked, 'commit')
    const copy = delivery(asked.claim && { claim: asked.claim })
    return counted(async () => expect((await state.admit(copy)).outcome).toBe('done'))
  },
  'delivery over its limit': () =>
    counted(async () =>
      expect((await state.admit(delivery({ limits: [limitOf({ max: 0 })] }))).outcome).toBe('limited'),
    ),
  async 'API request'() {
    const limit = limitOf()
    await admitted(api(limit))
    return counted(() => admitted(api(limit)))
  },
  'API request, the first of its principal for a while': () => counted(() => admitted(api(limitOf()))),
  'API request over its limit': () =>
    counted(async () => expect((await state.admit(api(limitOf({ max: 0 })))).outcome).toBe('limited')),
  async 'refused from what the isolate remembers'() {
    const guarded = guard(state)
    const limit = limitOf({ max: 0 })
    await guarded.admit(api(limit))
    return counted(async () => expect(await guarded.admit(api(limit))).toMatchObject({ remembered: true }))
  },
}

describe('the counts of the page', () => {
  test('are of these ways', () => {
    expect(counts.map((row) => cellOf(row, WAY))).toEqual(Object.keys(ways))
  })

  // The columns on objects are held against workerd by `test/workerd/rows-written.test.ts`.
  test.each(Object.entries(ways))('%s', async (name, way) => {
    const row = rowOf(counts, WAY, name)
    expect(
      ['commands', 'of these, writes', 'HTTP calls'].map((column) => numberOf(cellOf(row, column))),
    ).toEqual(await way())
  })

  test('grow by one command and one write for each further limit', async () => {
    const [one, two] = [[limitOf()], [limitOf(), limitOf()]]
    const [commands = 0, writes = 0, calls] = await counted(() => admitted(delivery({ limits: one })))
    const more = await counted(() => admitted(delivery({ limits: two })))
    expect(more).toEqual([commands + 1, writes + 1, calls])
  })

  test('grow by one call and one command after a script flush, once', async () => {
    const [commands = 0, writes, calls = 0] = await counted(() => admitted(delivery()))
    await tested.front.raw(['SCRIPT', 'FLUSH'])
    expect(await counted(() => admitted(delivery()))).toEqual([commands + 1, writes, calls + 1])
    expect(await counted(() => admitted(delivery()))).toEqual([commands, writes, calls])
  })
})

const prices = tableOf(page, 'price')
/** Dollars for one unit. */
function price(name: string): number {
  const row = rowOf(prices, 'price', name)
  return numberOf(cellOf(row, 'dollars')) / numberOf(cellOf(row, 'for'))
}
const count = (name: string, column: string) => numberOf(cellOf(rowOf(counts, WAY, name), column))
const MILLION = 1_000_000

describe('the costs of the page', () => {
  test('follow from the counts and the prices', () => {
    const costs = tableOf(page, 'a million of')
    expect(costs.map((row) => cellOf(row, 'a million of'))).toEqual(Object.keys(ways))
    for (const row of costs) {
      const name = cellOf(row, 'a million of')
      const [commands, writes] = [count(name, 'commands'), count(name, 'of these, writes')]
      const objects =
        count(name, 'object calls') * price('object call') +
        count(name, 'rows written') * price('object row written')
      expect([
        name,
        ...['Upstash', 'with one read region', 'Durable Objects'].map((at) => cellOf(row, at)),
      ]).toEqual([
        name,
        dollars(commands * MILLION * price('Upstash command')),
        dollars((commands + writes) * MILLION * price('Upstash command')),
        dollars(objects * MILLION),
      ])
    }
  })

  test('of the time of objects follow from their 128 MB', () => {
    const seconds: Record<string, number> = {
      'a million calls of 1 ms that do not overlap': MILLION / 1000,
      'one object that never rests, in 30 days': 30 * 86_400,
      'a route with 17 objects (16 shards, 1 limit) that never rest': 17 * 30 * 86_400,
    }
    const rows = tableOf(page, 'time of objects')
    expect(rows.map((row) => cellOf(row, 'time of objects'))).toEqual(Object.keys(seconds))
    for (const row of rows) {
      const size = 0.128 * (seconds[cellOf(row, 'time of objects')] ?? Number.NaN)
      expect(numberOf(cellOf(row, 'GB-s'))).toBe(Math.round(size))
      expect(cellOf(row, 'dollars')).toBe(dollars(size * price('object time')))
    }
  })

  test('leave room for as many requests as it says', () => {
    const rows = tableOf(page, 'Upstash plan')
    const ofCommands: Record<string, number> = {
      'committed deliveries': count('delivery, committed', 'commands'),
      'admitted API requests': count('API request', 'commands'),
    }
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) {
      const [, commands = '', unit] =
        /([0-9,]+) commands a (month|second)$/.exec(cellOf(row, 'Upstash plan')) ?? []
      const [, what = '', per] = /^(.*) a (month|second)$/.exec(cellOf(row, 'unit')) ?? []
      expect(per).toBe(unit)
      expect(numberOf(cellOf(row, 'allows'))).toBe(
        Math.floor(numberOf(commands) / (ofCommands[what] ?? Number.NaN)),
      )
    }
  })
})

test('each source that the page names is listed, and each that is listed is named', () => {
  const [text = '', sources = ''] = page.split('\n## Sources')
  const named = new Set([...text.matchAll(/\[(\d+)\](?!\()/g)].map(([, number]) => number))
  const listed = [...sources.matchAll(/^(\d+)\. <https:/gm)].map(([, number]) => number)
  expect([...named].sort()).toEqual(listed.sort())
})

function rowOf(rows: readonly Row[], column: string, name: string): Row {
  const row = rows.find((each) => cellOf(each, column) === name)
  if (row === undefined) throw new Error(`no row '${name}'`)
  return row
}

/** Cents, and where there are none two digits. */
function dollars(amount: number): string {
  return `$${amount > 0 && amount < 0.01 ? amount.toPrecision(2) : amount.toFixed(2)}`
}
