import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { durableObjectOperations, durableObjectState } from '../../src/state/durable-object/index.ts'
import { apiKeysName, textsName } from '../../src/state/durable-object/names.ts'
import { TEXTS } from '../../src/state/durable-object/texts.ts'
import { hexKey, limitOf } from '../contract/suite.ts'
import { advance, bindings, inside, objects, request, rows, state, stopClock, tables } from './objects.ts'

const operations = durableObjectOperations(bindings)
const keyOf = (digest = hexKey()) => ({ id: `key_${hexKey().slice(0, 12)}`, digest, text: '{}' })
const hour = 3_600_000

beforeAll(stopClock)
afterAll(() => {
  vi.useRealTimers()
})

describe('objects of the store', () => {
  test('asking makes none', async () => {
    const name = hexKey()
    expect(await state.recall(name)).toBeUndefined()
    const object = objects.getByName(`apiKeys:none-${name}`)
    expect(await object.findApiKey(name)).toBeUndefined()
    expect(await object.listApiKeys('0')).toEqual([])
    expect(await object.removeApiKey('id')).toBe(false)
    expect(await tables(`apiKeys:none-${name}`)).toBe(0)
  })

  test('texts are there after a restart, and the object is gone when all have run out', async () => {
    const name = hexKey()
    const owner = await textsName(name)
    await state.keep(name, 'text', hour)
    await evictDurableObject(objects.getByName(owner))
    expect(await state.recall(name)).toBe('text')
    advance(hour)
    expect(await runDurableObjectAlarm(objects.getByName(owner))).toBe(true)
    expect(await tables(owner)).toBe(0)
    expect(await state.recall(name)).toBeUndefined()
    await state.keep(name, 'again', hour)
    expect(await state.recall(name)).toBe('again')
  })

  test('API keys are there after a restart and after an alarm; the last one takes the object with it', async () => {
    const digest = hexKey()
    const [key, other] = [keyOf(digest), keyOf(digest.slice(0, 1).padEnd(64, '0'))]
    const owner = apiKeysName(digest)
    for (const each of [key, other]) await operations.putApiKey(each)
    await evictDurableObject(objects.getByName(owner))
    await runDurableObjectAlarm(objects.getByName(owner))
    await evictDurableObject(objects.getByName(owner))
    expect(await state.findApiKey(digest)).toBe('{}')
    expect(await operations.removeApiKey(other.id)).toBe(true)
    expect(await runDurableObjectAlarm(objects.getByName(owner))).toBe(false)
    expect(await operations.removeApiKey(key.id)).toBe(true)
    expect(await runDurableObjectAlarm(objects.getByName(owner))).toBe(true)
    expect(await tables(owner)).toBe(0)
  })

  test('a text too many takes the place of the one that ends first', async () => {
    const object = objects.getByName(`texts:full-${hexKey()}`)
    const now = Date.now()
    for (let i = 0; i < TEXTS; i++) await object.keep(`name ${i}`, 'text', hour - (i === 500 ? 1 : 0))
    await object.keep('name 7', 'again', hour)
    expect(await object.recall('name 500')).toBe('text')
    await object.keep('one more', 'text', hour)
    expect(await object.recall('name 500')).toBeUndefined()
    expect(await object.recall('name 0')).toBe('text')
    expect(await object.recall('one more')).toBe('text')
    expect(Date.now()).toBe(now)
  })

  test('a shard takes 6,250 API keys, and renews one when it is full', async () => {
    const digest = `0${hexKey().slice(1)}`
    const owner = apiKeysName(digest)
    const before = keyOf(digest)
    await operations.putApiKey(before)
    const had = await rows(owner, 'api_keys')
    await inside(owner, ({ sql }) => {
      sql.exec(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO api_keys (digest, id, turn, text) SELECT printf('0fill%d', i), printf('fill%d', i), 1, '{}' FROM n`,
        6250 - had,
      )
    })
    await expect(operations.putApiKey(keyOf(`0${hexKey().slice(1)}`))).rejects.toThrow(RangeError)
    const renewed = { ...keyOf(`0${hexKey().slice(1)}`), id: before.id }
    await operations.putApiKey(renewed)
    expect(await state.findApiKey(before.digest)).toBeUndefined()
    expect(await state.findApiKey(renewed.digest)).toBe('{}')
  })
})

test('a control object that is older than the table of moments gets it', async () => {
  const name = `control-${hexKey()}`
  const object = objects.getByName(name)
  await object.revoke('subject', Date.now() + hour)
  await inside(name, ({ sql }) => {
    sql.exec('DROP TABLE cutoffs')
  })
  await evictDurableObject(object)
  expect(await object.snapshot()).toMatchObject({ entries: [{ key: 'subject' }], cutoffs: [] })
  await object.revoke('subject', Date.now() + hour, '', Date.now())
  expect((await object.snapshot()).cutoffs).toHaveLength(1)
  advance(hour)
  expect(await runDurableObjectAlarm(object)).toBe(true)
  expect(await tables(name)).toBe(0)
  await object.revoke('subject', Date.now() + hour, '', Date.now())
  expect((await object.snapshot()).cutoffs).toHaveLength(1)
})

test('a moment of a revocation outlives a restart, and every isolate follows it', async () => {
  const name = `iss:https://issuer-${hexKey()}`
  await operations.revoke(name, Date.now() + hour, { issuedBefore: Date.now() })
  await evictDurableObject(objects.getByName('control'))
  const issuedAt = Date.now() - 1
  const asked = () => request({ revocable: [name], issuedAt })
  expect(await durableObjectState()(bindings).admit(asked())).toEqual({ outcome: 'revoked' })
})

test('a shard of the store that fails rejects with a StateError', async () => {
  const broken = { getByName: () => ({ findApiKey: () => Promise.reject(new Error('overloaded: secret')) }) }
  const failing = durableObjectState()({ SALLYPORT_STATE: broken })
  await expect(failing.findApiKey(hexKey())).rejects.toThrow(/^failed$/)
})

describe('two API keys that are stored under one id at once', () => {
  /** The first is held back between its two rounds until the second is stored. */
  async function overtaken(first: ReturnType<typeof keyOf>, second: ReturnType<typeof keyOf>) {
    const held = {
      getByName: (name: string) => {
        const shard = objects.getByName(name)
        return {
          apiKeyTurn: async (id: string) => shard.apiKeyTurn(id),
          async putApiKey(record: typeof first, turn: number) {
            await operations.putApiKey(second)
            return shard.putApiKey(record, turn)
          },
          yieldApiKeys: async (id: string, to: { turn: number; digest: string }) =>
            shard.yieldApiKeys(id, to),
        }
      },
    }
    expect(await durableObjectOperations({ SALLYPORT_STATE: held }).putApiKey(first)).toBe(true)
    return operations.findApiKeys({ id: first.id })
  }

  test.each([
    ['on two shards', '3', '7'],
    ['on one shard', '31', '37'],
  ])('%s are one afterwards, the same in either order', async (_, low, high) => {
    const { id } = keyOf()
    const keys = [low, high].map((digits) => ({ ...keyOf(`${digits}${hexKey()}`.slice(0, 64)), id }))
    const [smaller, greater] = keys as [ReturnType<typeof keyOf>, ReturnType<typeof keyOf>]
    expect(await overtaken(smaller, greater)).toEqual([greater])
    await operations.removeApiKey(id)
    expect(await overtaken(greater, smaller)).toEqual([greater])
    // A key that is stored afterwards takes its place, whatever its digest.
    expect(await operations.putApiKey(smaller)).toBe(true)
    expect(await operations.findApiKeys({ id })).toEqual([smaller])
    await operations.removeApiKey(id)
  })
})

describe('a limit that cannot be counted', () => {
  const failing = (control: () => Promise<unknown>) =>
    durableObjectState()({
      SALLYPORT_STATE: {
        getByName: () => ({
          take: () => Promise.reject(new Error('overloaded')),
          giveBack: async () => {},
          snapshot: control,
        }),
      },
    })
  const until = Date.now() + 10 * hour
  const snapshot = { version: 'a', entries: [{ kind: 'principal', key: 'revoked', until }] }
  const asked = (name: string) => request({ revocable: [name], limits: [limitOf()] })

  test('lets nobody pass who is revoked, also when that is known only later; others fail', async () => {
    const state = failing(async () => {
      await new Promise((done) => setTimeout(done, 20))
      return snapshot
    })
    expect(await state.admit(asked('revoked'))).toEqual({ outcome: 'revoked' })
    await expect(state.admit(asked('another'))).rejects.toThrow('overloaded')
  })

  test('fails for all where the control object fails too', async () => {
    const state = failing(() => Promise.reject(new Error('down')))
    await expect(state.admit(asked('revoked'))).rejects.toThrow(/overloaded|down/)
  })
})
