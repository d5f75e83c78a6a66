import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { CONTROL_ENTRIES } from '../../src/state/durable-object/control.ts'
import { deliveryName } from '../../src/state/durable-object/names.ts'
import { RECENT_ENTRIES, Recent } from '../../src/state/durable-object/recent.ts'
import { claimOf, limitOf } from '../contract/suite.ts'
import {
  advance,
  background,
  inside,
  objects,
  request,
  rows,
  settled,
  state,
  stopClock,
  tables,
} from './objects.ts'

beforeAll(stopClock)
afterAll(() => {
  vi.useRealTimers()
})

describe('nothing grows for ever', () => {
  test('a shard of deliveries is empty after its rows have run out, and is used again', async () => {
    const claim = claimOf({ route: `sweep-${crypto.randomUUID()}`, ttlMs: 300_000 })
    const name = deliveryName(claim)
    const first = request({ claim })
    await state.admit(first)
    await state.settle({ claim, token: first.token, as: 'commit' })
    const shard = claim.key.slice(0, 1)
    await state.admit(request({ claim: claimOf({ route: claim.route, key: shard.padEnd(64, '0') }) }))
    expect(await rows(name, 'deliveries')).toBe(2)
    advance(60_000)
    expect(await runDurableObjectAlarm(objects.getByName(name))).toBe(true)
    expect(await rows(name, 'deliveries')).toBe(1)
    expect((await state.admit(request({ claim }))).outcome).toBe('done')
    advance(240_000)
    expect(await runDurableObjectAlarm(objects.getByName(name))).toBe(true)
    expect(await tables(name)).toBe(0)
    expect(await runDurableObjectAlarm(objects.getByName(name))).toBe(false)
    expect((await state.admit(request({ claim }))).outcome).toBe('admitted')
  })

  test.each(['slidingWindow', 'fixedWindow', 'tokenBucket'] as const)(
    'an owner of a %s limit is empty after the count has run out',
    async (algorithm) => {
      const limit = limitOf({ algorithm, windowMs: 120_000, max: 3 })
      advance(120_000 - (Date.now() % 120_000))
      await state.admit(request({ limits: [limit] }))
      advance(119_000)
      await runDurableObjectAlarm(objects.getByName(limit.owner))
      advance(240_000)
      expect(await runDurableObjectAlarm(objects.getByName(limit.owner))).toBe(true)
      expect(await tables(limit.owner)).toBe(0)
    },
  )

  test('an owner whose only request was denied is empty after the next alarm', async () => {
    const limit = limitOf({ max: 1, cost: 2 })
    expect((await state.admit(request({ limits: [limit] }))).outcome).toBe('limited')
    expect(await tables(limit.owner)).toBe(3)
    expect(await runDurableObjectAlarm(objects.getByName(limit.owner))).toBe(true)
    expect(await tables(limit.owner)).toBe(0)
  })

  test('a restart does not put the alarm off', async () => {
    const route = `restart-${crypto.randomUUID()}`
    const claim = claimOf({ route })
    const name = deliveryName(claim)
    await state.admit(request({ claim }))
    const before = await inside(name, (storage) => storage.getAlarm())
    await evictDurableObject(objects.getByName(name))
    const next = claimOf({ route, key: claim.key.slice(0, 1).padEnd(64, '0'), leaseMs: 3_600_000 })
    await state.admit(request({ claim: next }))
    expect(before).not.toBeNull()
    expect(await inside(name, (storage) => storage.getAlarm())).toBe(before)
  })

  test('asking creates nothing: snapshot, give-back, forget and unblock of what never was', async () => {
    const name = `key:${crypto.randomUUID()}`
    const object = objects.getByName(name)
    await object.snapshot()
    await object.giveBack(crypto.randomUUID(), 1)
    expect(await object.forget('00')).toBe(false)
    expect(await object.forgetSince(0)).toBe(0)
    expect(await object.unblock('192.0.2.1')).toBe(false)
    expect(await tables(name)).toBe(0)
    expect(await runDurableObjectAlarm(object)).toBe(false)
  })

  test('remembers a bounded number of tokens, the newest ones', () => {
    const recent = new Recent()
    for (let at = 0; at <= RECENT_ENTRIES; at++) recent.counted(`t${at}`, 1, [], [], 0)
    expect(recent.find('t0', 1, 0)).toBeUndefined()
    expect(recent.find('t1', 1, 0)).toBeDefined()
    expect(recent.find(`t${RECENT_ENTRIES}`, 1, 0)).toBeDefined()
    expect(recent.find('t1', 1, 10_001)).toBeUndefined()
  })

  test('refuses more blocks than the list holds, takes them again when others have ended', async () => {
    const control = objects.getByName(`control-${crypto.randomUUID()}`)
    const until = Date.now() + 60_000
    await control.block('seed', until)
    await runInDurableObject(control, (_, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${CONTROL_ENTRIES - 1})
         INSERT INTO control SELECT 'client', 'c' || i, ${until}, '' FROM n`,
      )
    })
    await expect(settled(control.block('one more', until))).rejects.toThrow(
      /10000 blocks and revocations are kept/,
    )
    await control.block('seed', until + 1)
    await control.unblock('c1')
    await control.block('one more', until)
    advance(60_000)
    await control.block('much later', Date.now() + 1000)
    expect((await control.snapshot()).entries).toEqual(
      expect.arrayContaining([expect.objectContaining({ key: 'much later' })]),
    )
    expect((await control.snapshot()).entries).toHaveLength(2)
  })

  test('refuses an entry without a key, with a huge one, or for a moment that is over', async () => {
    const control = objects.getByName(`control-${crypto.randomUUID()}`)
    const until = Date.now() + 1000
    await expect(settled(control.block('', until))).rejects.toThrow(/1 to 1024 characters/)
    await expect(settled(control.revoke('x'.repeat(1025), until))).rejects.toThrow(/1 to 1024 characters/)
    await expect(settled(control.block('x', Date.now()))).rejects.toThrow(/a moment to come/)
    await expect(settled(control.block('x', Number.POSITIVE_INFINITY))).rejects.toThrow(/a moment to come/)
  })
})

describe('one part of the round fails', () => {
  test('rejects, gives back what the others took, and the retry with the same token counts once', async () => {
    const claim = claimOf({ route: `broken-${crypto.randomUUID()}` })
    const limit = limitOf({ max: 5 })
    const name = deliveryName(claim)
    await state.admit(
      request({ claim: claimOf({ route: claim.route, key: claim.key.slice(0, 1).padEnd(64, '0') }) }),
    )
    await inside(name, ({ sql }) => void sql.exec('ALTER TABLE deliveries RENAME TO lost'))
    const first = request({ claim, limits: [limit] })
    await expect(state.admit(first)).rejects.toThrow()
    await background()
    expect(await remaining(limit.owner)).toBe(5)
    await inside(name, ({ sql }) => void sql.exec('ALTER TABLE lost RENAME TO deliveries'))
    expect((await state.admit(first)).outcome).toBe('admitted')
    expect((await state.admit(first)).outcome).toBe('admitted')
    expect(await remaining(limit.owner)).toBe(4)
  })

  test('gives the lease back when a limit could not answer', async () => {
    const claim = claimOf()
    const limit = limitOf()
    await state.admit(request({ limits: [limit] }))
    await inside(limit.owner, ({ sql }) => void sql.exec('DROP TABLE counts'))
    await expect(state.admit(request({ claim, limits: [limit] }))).rejects.toThrow()
    await background()
    expect((await state.admit(request({ claim }))).outcome).toBe('admitted')
  })

  test('a retry that overtakes the give-back of its first attempt keeps what it took', async () => {
    const limit = limitOf({ max: 5 })
    const object = objects.getByName(limit.owner)
    const claim = claimOf()
    const shard = objects.getByName(deliveryName(claim))
    const token = crypto.randomUUID()
    for (const round of [1, 2]) {
      await object.take(token, round, [limit])
      await shard.claim(token, round, claim)
    }
    await object.giveBack(token, 1)
    await shard.giveBack(token, 1, claim)
    expect(await remaining(limit.owner)).toBe(4)
    expect((await shard.claim('stranger', 1, claim)).outcome).toBe('leased')
    await object.giveBack(token, 2)
    await shard.giveBack(token, 2, claim)
    expect(await remaining(limit.owner)).toBe(5)
    expect((await shard.claim('stranger', 1, claim)).outcome).toBe('admitted')
  })

  test('an attempt that arrives after its own give-back takes nothing', async () => {
    const limit = limitOf({ max: 5 })
    const object = objects.getByName(limit.owner)
    const claim = claimOf()
    const shard = objects.getByName(deliveryName(claim))
    await object.giveBack('late', 3)
    await shard.giveBack('late', 3, claim)
    await expect(settled(object.take('late', 2, [limit]))).rejects.toThrow(/given back before it arrived/)
    await expect(settled(shard.claim('late', 3, claim))).rejects.toThrow(/given back before it arrived/)
    expect((await object.take('late', 4, [limit])).readings[0]?.remaining).toBe(4)
  })

  test('a first attempt that arrives after its retry was released takes nothing again', async () => {
    const claim = claimOf()
    const object = objects.getByName(deliveryName(claim))
    const token = crypto.randomUUID()
    // The retry, of a later round, came first: it took the claim, the origin failed, the claim was released.
    expect(await object.claim(token, 2, claim)).toEqual({ outcome: 'admitted' })
    expect(await object.settle({ claim, token, as: 'release' })).toBe(true)
    await expect(settled(object.claim(token, 1, claim))).rejects.toThrow('given back before it arrived')
    expect((await state.admit(request({ claim }))).outcome).toBe('admitted')
  })

  test('counts survive a restart; a give-back after it takes nothing, which errs on the strict side', async () => {
    const limit = limitOf({ max: 2 })
    const first = request({ limits: [limit] })
    await state.admit(first)
    await evictDurableObject(objects.getByName(limit.owner))
    await state.giveBack(first)
    expect(await remaining(limit.owner, 2)).toBe(1)
  })

  async function remaining(owner: string, max = 5): Promise<number> {
    const used = await inside(owner, ({ sql }) =>
      sql.exec<{ used: number }>('SELECT used FROM counts').toArray(),
    )
    return max - (used[0]?.used ?? 0)
  }
})
