import { evictDurableObject } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ControlCopy } from '../../src/state/durable-object/copy.ts'
import { durableObjectOperations, durableObjectState } from '../../src/state/durable-object/index.ts'
import type { LimitClaim } from '../../src/state/state.ts'
import { claimOf, limitOf } from '../contract/suite.ts'
import { advance, bindings, objects, request, state, stopClock, tables } from './objects.ts'

beforeAll(stopClock)
afterAll(() => {
  vi.useRealTimers()
})

describe('calls', () => {
  test('a request without client and names asks the control object nothing', async () => {
    const isolate = durableObjectState()(bindings)
    await durableObjectOperations(bindings).block('192.0.2.9', Date.now() + 60_000)
    await isolate.admit(request({ limits: [limitOf()] }))
    expect(isolate.knowsBlocked('192.0.2.9', Date.now())).toBe(false)
  })

  test('sends the list to an isolate only when it has changed', async () => {
    const control = objects.getByName(`control-${crypto.randomUUID()}`)
    await control.block('a', Date.now() + 60_000)
    const { version, entries } = await control.snapshot()
    expect(entries).toHaveLength(1)
    expect(await control.snapshot(version)).toEqual({ version })
    await control.revoke('b', Date.now() + 60_000)
    expect((await control.snapshot(version)).entries).toHaveLength(2)
    await control.restore('b')
    await evictDurableObject(control)
    expect((await control.snapshot(version)).entries).toHaveLength(1)
  })

  test('forgets what was done since a moment, on all shards of the route and no other', async () => {
    const route = `since-${crypto.randomUUID()}`
    const claims = ['0', '7', 'f'].map((shard) => claimOf({ route, key: shard.padEnd(64, '3') }))
    const other = claimOf({ route: `${route}-other` })
    const old = claims[0]
    if (old === undefined) throw new Error('no claim')
    const underway = claimOf({ route })
    const deliver = async (claim: typeof old) => {
      const first = request({ claim })
      const admission = await state.admit(first)
      await state.settle({ claim, token: first.token, as: 'commit' })
      return admission.outcome
    }
    await deliver(old)
    advance(7_200_000)
    for (const claim of [...claims.slice(1), other]) await deliver(claim)
    await state.admit(request({ claim: underway }))
    expect(await durableObjectOperations(bindings).forgetSince(route, Date.now() - 3_600_000)).toBe(2)
    expect(await Promise.all([...claims, other].map(deliver))).toEqual([
      'done',
      'admitted',
      'admitted',
      'done',
    ])
  })

  test('refuses to start without the binding, or with something else under its name, and names the fix', () => {
    const make = (bound: Record<string, unknown>, binding?: string) => () =>
      durableObjectState(binding === undefined ? {} : { binding })(bound)
    expect(make({})).toThrow(TypeError)
    expect(make({})).toThrow(/binding SALLYPORT_STATE is missing: in wrangler.toml.*new_sqlite_classes/)
    expect(make({ SALLYPORT_STATE: 'x' })).toThrow(/SALLYPORT_STATE is no Durable Object namespace/)
    expect(make(bindings, 'OTHER')).toThrow(/binding OTHER is missing.*name = "OTHER"/)
  })

  test('rejects a claim whose key is not lower-case hex before it counts anything', async () => {
    const limit = limitOf()
    await expect(state.admit(request({ limits: [limit], claim: claimOf({ key: 'G0' }) }))).rejects.toThrow(
      /hex/,
    )
    expect(await tables(limit.owner)).toBe(0)
  })

  test('a new isolate asks the control object for a request that has only a name', async () => {
    const principal = `https://issuer|${crypto.randomUUID()}`
    await durableObjectOperations(bindings).revoke(principal, Date.now() + 60_000)
    expect(await durableObjectState()(bindings).admit(request({ revocable: [principal] }))).toEqual({
      outcome: 'revoked',
    })
  })

  test('does not take "unchanged" for a list that the isolate no longer holds', () => {
    const copy = new ControlCopy()
    copy.update({ version: 'a', entries: [] }, 1000)
    copy.update({ version: 'b', entries: [{ kind: 'client', key: 'x', until: 9000 }] }, 1500)
    copy.update({ version: 'a' }, 2000)
    expect(copy.isFresh(3499)).toBe(true)
    expect(copy.isFresh(3500)).toBe(false)
    expect(copy.blocks('x', 3000)).toBe(true)
    copy.update({ version: 'b' }, 3500)
    copy.update({ version: 'c', entries: [] }, 3400)
    expect(copy.isFresh(5499)).toBe(true)
    expect(copy.blocks('x', 5000)).toBe(true)
  })

  test('a limit that changes its algorithm or window starts anew, one that changes its size does not', async () => {
    const limit = limitOf({ algorithm: 'fixedWindow', max: 1, windowMs: 3_600_000 })
    const outcome = async (parts: Partial<LimitClaim>) =>
      (await state.admit(request({ limits: [{ ...limit, ...parts }] }))).outcome
    expect(await outcome({})).toBe('admitted')
    expect(await outcome({ max: 2 })).toBe('admitted')
    expect(await outcome({ max: 2 })).toBe('limited')
    expect(await outcome({ windowMs: 7_200_000 })).toBe('admitted')
    expect(await outcome({ algorithm: 'slidingWindow' })).toBe('admitted')
  })
})
