import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { durableObjectOperations, durableObjectState } from '../../src/state/durable-object/index.ts'
import { apiKeysName, textsName } from '../../src/state/durable-object/names.ts'
import { TEXTS } from '../../src/state/durable-object/texts.ts'
import { hexKey } from '../contract/suite.ts'
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
         INSERT INTO api_keys SELECT printf('0fill%d', i), printf('fill%d', i), '{}' FROM n`,
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
