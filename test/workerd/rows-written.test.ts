import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { durableObjectOperations, durableObjectState } from '../../src/state/durable-object/index.ts'
import { deliveryName } from '../../src/state/durable-object/names.ts'
import { guard } from '../../src/state/isolate/guard.ts'
import type { AdmitRequest, State } from '../../src/state/state.ts'
import page from '../../src/state/upstash/README.md?raw'
import { claimOf, limitOf } from '../contract/suite.ts'
import { cellOf, numberOf, tableOf } from '../redis/tables.ts'
import { advance, background, inside, objects, request, stopClock } from './objects.ts'

const said = tableOf(page, 'what becomes of a request')
const route = 'counted'
const caller = { revocable: ['https://issuer|subject'] }

// What the platform bills: each call of an object's method, each row that a statement wrote, each alarm that was set.
let calls: string[] = []
let cursors: SqlStorageCursor<never>[] = []
let alarms = 0
const seen = () => [calls.length, cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0) + alarms]
const reset = () => {
  calls = []
  cursors = []
  alarms = 0
}
let restore = () => {}
let state: State

beforeAll(async () => {
  stopClock()
  state = durableObjectState()({ SALLYPORT_STATE: listening() })
  await inside('prototypes', (storage) => {
    const sql: SqlStorage = Object.getPrototypeOf(storage.sql)
    const store: DurableObjectStorage = Object.getPrototypeOf(storage)
    const { exec } = sql
    const { setAlarm } = store
    sql.exec = function counted(this: SqlStorage, ...args: Parameters<typeof exec>) {
      const cursor = exec.apply(this, args)
      cursors.push(cursor as unknown as SqlStorageCursor<never>)
      return cursor as never
    }
    store.setAlarm = function counted(this: DurableObjectStorage, ...args) {
      alarms += 1
      return setAlarm.apply(this, args)
    }
    restore = () => {
      sql.exec = exec
      store.setAlarm = setAlarm
    }
  })
})
afterAll(() => {
  restore()
  vi.useRealTimers()
})

/** The namespace, which notes the calls that go through it. */
function listening(): typeof objects {
  return new Proxy(objects, {
    get(namespace, property) {
      if (property !== 'getByName') return Reflect.get(namespace, property)
      return (name: string) =>
        new Proxy(namespace.getByName(name), {
          get(stub, method) {
            calls.push(`${name} ${String(method)}`)
            const all = stub as unknown as Record<string | symbol, (...args: unknown[]) => unknown>
            return (...args: unknown[]) => all[method]?.(...args)
          },
        })
    },
  })
}

const limit = limitOf({ owner: `route:${route}`, max: 1000 })
/** A key of the one shard whose tables and alarm are there. */
const claim = (parts = {}) => claimOf({ route, key: claimOf().key.replace(/^./, '0'), ...parts })
const delivery = (parts: Partial<AdmitRequest> = {}) =>
  request({ ...caller, limits: [limit], claim: claim(), ...parts })

async function delivered(as: 'commit' | 'release', asked = delivery()): Promise<AdmitRequest> {
  expect((await state.admit(asked)).outcome).toBe('admitted')
  await state.settle({ claim: asked.claim ?? claim(), token: asked.token, as })
  return asked
}

async function refused(asked: AdmitRequest, outcome: string): Promise<void> {
  expect((await state.admit(asked)).outcome).toBe(outcome)
  await background()
}

const perPrincipal = () => limitOf({ owner: `principal:${crypto.randomUUID()}`, max: 3 })

/** How each row of the table comes about; what leads up to it ends with a reset. */
const ways: Record<string, () => Promise<unknown>> = {
  async 'delivery, committed'() {
    // A shard that holds something else for longer, so that only this delivery's row runs out.
    const alone = `alone-${crypto.randomUUID()}`
    await state.admit(delivery({ claim: claim({ route: alone, leaseMs: 900_000_000 }) }))
    reset()
    await delivered('commit', delivery({ claim: claim({ route: alone }) }))
    expect(seen()).toEqual([3, 5])
    advance(100_000_000)
    await runDurableObjectAlarm(objects.getByName(deliveryName({ route: alone, key: '0' })))
    // The alarm is set again for what is left: one for all, and not for each delivery.
    alarms = 0
  },
  'delivery, released because the origin refused it': () => delivered('release'),
  async 'copy of a delivery that is done'() {
    const { claim: done = claim() } = await delivered('commit')
    reset()
    await refused(delivery({ claim: done }), 'done')
  },
  'delivery over its limit': () => refused(delivery({ limits: [{ ...limit, cost: 1001 }] }), 'limited'),
  async 'API request'() {
    const limits = [perPrincipal()]
    await state.admit(request({ ...caller, limits }))
    reset()
    expect((await state.admit(request({ ...caller, limits }))).outcome).toBe('admitted')
  },
  async 'API request, the first of its principal for a while'() {
    const limits = [perPrincipal()]
    const { owner = 'none' } = limits[0] ?? {}
    expect((await state.admit(request({ ...caller, limits }))).outcome).toBe('admitted')
    // Until nothing is left of it and its object is gone.
    do {
      advance(60_000)
      calls.push(`${owner} alarm`)
    } while (await runDurableObjectAlarm(objects.getByName(owner)))
    calls.pop()
  },
  async 'API request over its limit'() {
    const limits = [perPrincipal()]
    await state.admit(request({ ...caller, limits }))
    reset()
    await refused(request({ ...caller, limits: limits.map((each) => ({ ...each, cost: 9 })) }), 'limited')
  },
  async 'refused from what the isolate remembers'() {
    const guarded = guard(state)
    const asked = () => request({ ...caller, limits: [{ ...limit, cost: 1001 }] })
    await guarded.admit(asked())
    reset()
    expect(await guarded.admit(asked())).toMatchObject({ outcome: 'limited', remembered: true })
  },
}

beforeEach(async () => {
  // Objects that are in use have their tables and their alarm, and the isolate its list of blocks.
  await state.admit(delivery({ claim: claim({ ttlMs: 1000 }) }))
  await background()
  reset()
})
afterEach(reset)

test('the table has a row for each way', () => {
  expect(said.map((row) => cellOf(row, 'what becomes of a request'))).toEqual(Object.keys(ways))
})

test.each(Object.entries(ways))('%s', async (name, way) => {
  await way()
  const row = said.find((each) => cellOf(each, 'what becomes of a request') === name) ?? {}
  expect(seen()).toEqual([numberOf(cellOf(row, 'object calls')), numberOf(cellOf(row, 'rows written'))])
})

test('tables of the store are five rows, once for each object', async () => {
  const object = objects.getByName(`texts:${claimOf().key}`)
  await object.keep('keys:first', 'text', 900_000_000)
  // The text, and the alarm.
  expect(seen()).toEqual([0, 5 + 1 + 1])
})

test('a text is one call and one row, an API key one call to find and two rows to store', async () => {
  const digest = claimOf().key
  const operations = durableObjectOperations({ SALLYPORT_STATE: listening() })
  const key = { id: 'key_1', digest, text: '{}' }
  await state.keep('keys:counted', 'text', 900_000_000)
  await operations.putApiKey(key)
  reset()
  await state.keep('keys:counted', 'text', 900_000_000)
  expect(seen()).toEqual([1, 1])
  reset()
  await state.recall('keys:counted')
  await state.findApiKey(digest)
  expect(seen()).toEqual([2, 0])
  reset()
  await operations.putApiKey({
    ...key,
    id: 'key_2',
    digest: `${digest.slice(0, 63)}${digest.endsWith('0') ? 1 : 0}`,
  })
  expect(seen()).toEqual([33, 2])
})

test('an isolate asks for the list of blocks once in 2 seconds, whatever it is asked', async () => {
  for (let i = 0; i < 20; i++) await state.admit(delivery())
  expect(calls.filter((call) => call === 'control snapshot')).toHaveLength(0)
  advance(2000)
  for (let i = 0; i < 20; i++) await state.admit(delivery())
  expect(calls.filter((call) => call === 'control snapshot')).toHaveLength(1)
  await runInDurableObject(objects.getByName('control'), () => undefined)
})
