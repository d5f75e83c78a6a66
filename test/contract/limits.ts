import { expect, test } from 'vitest'
import type { LimitClaim, LimitReading } from '../../src/state/state.ts'
import { DAY_MS, describeCalendar, month } from './calendar.ts'
import { claimOf, limitOf, type Suite, tally } from './suite.ts'

export function describeLimits(suite: Suite): void {
  const { makeState, tools, request, background } = suite
  const state = makeState()
  const outcome = async (...limits: LimitClaim[]) => (await state.admit(request({ limits }))).outcome
  // Asks for more than the limit ever holds: denied, so the reading comes without counting.
  const read = async (limit: LimitClaim): Promise<LimitReading | undefined> => {
    const admission = await state.admit(
      request({ limits: [{ ...limit, cost: limit.max + 1, mode: 'enforce' }] }),
    )
    await background()
    return admission.outcome === 'limited' ? admission.limits[0] : undefined
  }
  const startOfWindow = (windowMs: number) => tools.advance(windowMs - (tools.now() % windowMs))

  test.each([1, 40, 400])(
    'of %i at once a limit of 5 admits 5, and the others leave nothing behind',
    async (many) => {
      const limit = limitOf({ max: 5 })
      const passes = Math.min(5, many)
      const claims = Array.from({ length: many }, () => claimOf())
      const admissions = await Promise.all(
        claims.map((claim) => state.admit(request({ claim, limits: [limit] }))),
      )
      expect(tally(admissions)).toEqual(many === 1 ? { admitted: 1 } : { admitted: 5, limited: many - 5 })
      await background()
      expect(await read(limit)).toMatchObject({ remaining: 5 - passes })
      expect(await read({ ...limit, max: 6 })).toMatchObject({ remaining: 6 - passes })
      const again = await Promise.all(claims.map((claim) => state.admit(request({ claim }))))
      expect(tally(again)).toEqual(many === 1 ? { leased: 1 } : { leased: 5, admitted: many - 5 })
    },
  )

  test('a copy of what is done counts where copies go on, and leaves nothing where they do not', async () => {
    for (const copiesPass of [true, false]) {
      const limit = limitOf({ max: 3 })
      const claim = claimOf({ copiesPass })
      const first = request({ claim, limits: [limit] })
      await state.admit(first)
      await state.settle({ claim, token: first.token, as: 'commit' })
      const outcomes = []
      for (let i = 0; i < 4; i++) {
        outcomes.push((await state.admit(request({ claim, limits: [limit] }))).outcome)
        await background()
      }
      expect(outcomes).toEqual(copiesPass ? ['done', 'done', 'limited', 'limited'] : Array(4).fill('done'))
      expect(await read(limit)).toMatchObject({ remaining: copiesPass ? 0 : 2 })
    }
  })

  test('a copy that goes on counts once when its call is tried again, and is told again what it is', async () => {
    const limit = limitOf({ max: 5 })
    const claim = claimOf({ copiesPass: true })
    const first = request({ claim, limits: [limit] })
    await state.admit(first)
    await state.settle({ claim, token: first.token, as: 'commit' })
    const copy = request({ claim, limits: [limit] })
    for (let i = 0; i < 3; i++) {
      expect(await state.admit({ ...copy, isRetry: i > 0 })).toMatchObject({
        outcome: 'done',
        duplicateOf: claim.requestId,
        limits: [{ remaining: 3 }],
      })
    }
    await state.giveBack(copy)
    expect(await read(limit)).toMatchObject({ remaining: 4 })
  })

  test('a once claim that led to no forward gives its counts back, once, and stays burnt', async () => {
    const limit = limitOf({ max: 5 })
    const reported = limitOf({ max: 1, mode: 'report', name: 'orders:tried' })
    await state.admit(request({ limits: [reported] }))
    const first = request({ limits: [limit, reported], claim: claimOf({ kind: 'once' }) })
    for (const isRetry of [false, true]) {
      expect(await state.admit({ ...first, isRetry })).toMatchObject({
        outcome: 'admitted',
        reported: ['orders:tried'],
        limits: [{ remaining: 4 }, {}],
      })
    }
    await state.admit(request({ limits: [limit] }))
    await state.giveBack(first)
    await state.giveBack(first)
    expect(await read(limit)).toMatchObject({ remaining: 4 })
    expect((await state.admit(request({ claim: first.claim ?? claimOf() }))).outcome).toBe('done')
  })

  test('counts a call once that is tried again with the same token', async () => {
    const limit = limitOf({ max: 3 })
    const first = request({ limits: [limit], claim: claimOf() })
    const answers = [await state.admit(first), await state.admit(first), await state.admit(first)]
    expect(tally(answers)).toEqual({ admitted: 3 })
    expect(answers.map((answer) => 'limits' in answer && answer.limits[0]?.remaining)).toEqual([2, 2, 2])
  })

  test('admits the retry of the request that took the last unit', async () => {
    const limit = limitOf({ max: 1 })
    const first = request({ limits: [limit] })
    expect((await state.admit(first)).outcome).toBe('admitted')
    expect((await state.admit(first)).outcome).toBe('admitted')
    expect(await outcome(limit)).toBe('limited')
  })

  test('gives back no more than the token took, and nothing twice', async () => {
    const limit = limitOf({ max: 5 })
    const first = request({ limits: [limit] })
    await state.admit(first)
    await state.admit(request({ limits: [limit] }))
    await state.giveBack(first)
    await state.giveBack(first)
    await state.giveBack(request({ limits: [limit] }))
    expect(await read(limit)).toMatchObject({ remaining: 4 })
  })

  const owners = ['route', 'pool', 'client', 'principal', 'tenant', 'provider', 'apiKey', 'key'] as const
  /** Owners of every kind under limits of every kind. */
  const kindOf = (owner: (typeof owners)[number]): Partial<LimitClaim> =>
    ({
      route: { name: 'orders:route' },
      pool: { name: '*:pool', algorithm: 'fixedWindow' as const, windowMs: DAY_MS },
      client: { name: '*:client' },
      principal: { name: 'orders:principal', algorithm: 'tokenBucket' as const },
      tenant: { name: 'orders:tenant', ...month },
      provider: { name: '*:provider', ...month },
      apiKey: { name: 'orders:apiKey', windowMs: 31 * DAY_MS },
      key: { name: 'orders:key' },
    })[owner]

  test.each(owners)('takes nothing from eight owners when the limit of the %s denies', async (denier) => {
    const id = crypto.randomUUID()
    const limits = owners.map((kind) =>
      limitOf({ owner: `${kind}:${id}`, max: kind === denier ? 2 : 10, ...kindOf(kind) }),
    )
    const claims = Array.from({ length: 6 }, () => claimOf())
    const admissions = await Promise.all(claims.map((claim) => state.admit(request({ claim, limits }))))
    expect(tally(admissions)).toEqual({ admitted: 2, limited: 4 })
    for (const admission of admissions) {
      if (admission.outcome === 'limited') expect(admission.violated).toEqual([kindOf(denier).name])
      if ('limits' in admission) {
        expect(admission.limits.map(({ name }) => name)).toEqual(limits.map(({ name }) => name))
      }
    }
    await background()
    for (const limit of limits) expect(await read(limit)).toMatchObject({ remaining: limit.max - 2 })
  })

  test('takes nothing from the first limit of an owner when the second denies', async () => {
    const owner = `key:${crypto.randomUUID()}` as const
    const wide = limitOf({ owner, name: 'orders:wide', max: 10 })
    const narrow = limitOf({ owner, name: 'orders:narrow', max: 1 })
    expect(await outcome(wide, narrow)).toBe('admitted')
    expect(await outcome(wide, narrow)).toBe('limited')
    expect(await read(wide)).toMatchObject({ remaining: 9 })
  })

  test('keeps limits of one name apart by owner', async () => {
    const limits = [limitOf({ max: 1 }), limitOf({ max: 1 })]
    expect(await Promise.all(limits.map((limit) => outcome(limit)))).toEqual(['admitted', 'admitted'])
  })

  test('never denies in report mode, names the limit, and reads what enforcing would have left', async () => {
    const reported = limitOf({ max: 2, mode: 'report', name: 'orders:tried' })
    const enforced = limitOf({ max: 10, name: 'orders:real' })
    const seen: string[][] = []
    for (let at = 0; at < 4; at++) {
      const admission = await state.admit(request({ limits: [reported, enforced] }))
      expect(admission).toMatchObject({
        outcome: 'admitted',
        limits: [{ remaining: Math.max(0, 1 - at) }, {}],
      })
      if (admission.outcome === 'admitted') seen.push(admission.reported)
    }
    expect(seen).toEqual([[], [], ['orders:tried'], ['orders:tried']])
    expect(await read({ ...reported, max: 3 })).toMatchObject({ remaining: 1 })
    expect(await read(enforced)).toMatchObject({ remaining: 6 })
  })

  test('takes nothing for a request that costs more than is left, and lets a cheaper one through', async () => {
    const limit = limitOf({ max: 10 })
    expect(await outcome({ ...limit, cost: 7 })).toBe('admitted')
    expect(await outcome({ ...limit, cost: 4 })).toBe('limited')
    expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
    expect(await outcome({ ...limit, cost: 1 })).toBe('limited')
  })

  test('sliding window: no double burst at the edge, and units come back as the last window fades', async () => {
    const limit = limitOf({ algorithm: 'slidingWindow', max: 10, windowMs: 10_000 })
    await startOfWindow(10_000)
    expect(await read(limit)).toMatchObject({ max: 10, windowMs: 10_000, remaining: 10, resetSeconds: 0 })
    await tools.advance(9999)
    expect(await outcome({ ...limit, cost: 10 })).toBe('admitted')
    await tools.advance(1)
    expect(await outcome(limit)).toBe('limited')
    expect(await read(limit)).toMatchObject({ remaining: 0, resetSeconds: 1 })
    await tools.advance(5000)
    expect(await read(limit)).toMatchObject({ remaining: 5 })
    expect(await outcome({ ...limit, cost: 6 })).toBe('limited')
    expect(await outcome({ ...limit, cost: 5 })).toBe('admitted')
    await tools.advance(5000)
    expect(await read(limit)).toMatchObject({ remaining: 5, resetSeconds: 2 })
    await tools.advance(10_000)
    expect(await read(limit)).toMatchObject({ remaining: 10, resetSeconds: 0 })
  })

  test('sliding window: tells a denied request when its whole cost is there', async () => {
    const limit = limitOf({ algorithm: 'slidingWindow', max: 10, windowMs: 10_000 })
    await startOfWindow(10_000)
    await outcome({ ...limit, cost: 10 })
    const denied = await state.admit(request({ limits: [{ ...limit, cost: 4 }] }))
    expect(denied).toMatchObject({ outcome: 'limited', retryAfterSeconds: 14 })
    await tools.advance(13_999)
    expect(await outcome({ ...limit, cost: 4 })).toBe('limited')
    await tools.advance(1)
    expect(await outcome({ ...limit, cost: 4 })).toBe('admitted')
  })

  test('fixed window: full again at the edge, not a millisecond before', async () => {
    const limit = limitOf({ algorithm: 'fixedWindow', max: 3, windowMs: 10_000 })
    await startOfWindow(10_000)
    await tools.advance(2500)
    expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
    expect(await read(limit)).toMatchObject({ remaining: 0, resetSeconds: 8 })
    await tools.advance(7499)
    expect(await outcome(limit)).toBe('limited')
    await tools.advance(1)
    expect(await read(limit)).toMatchObject({ remaining: 3, resetSeconds: 0 })
    expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
    expect(await outcome(limit)).toBe('limited')
  })

  test('token bucket: a burst of its capacity, then so many units in each interval, never above capacity', async () => {
    const limit = limitOf({ algorithm: 'tokenBucket', max: 10, windowMs: 1000, refill: 4 })
    expect(await outcome({ ...limit, cost: 10 })).toBe('admitted')
    expect(await read(limit)).toMatchObject({ remaining: 0, resetSeconds: 1 })
    const denied = await state.admit(request({ limits: [{ ...limit, cost: 9 }] }))
    expect(denied).toMatchObject({ outcome: 'limited', retryAfterSeconds: 3 })
    await tools.advance(999)
    expect(await outcome(limit)).toBe('limited')
    await tools.advance(1)
    expect(await read(limit)).toMatchObject({ remaining: 4 })
    expect(await outcome({ ...limit, cost: 5 })).toBe('limited')
    expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
    await tools.advance(60_000)
    expect(await read(limit)).toMatchObject({ remaining: 10, resetSeconds: 0 })
    expect(await outcome({ ...limit, cost: 11 })).toBe('limited')
  })

  test('gives a denied request no way to push the window out', async () => {
    const limit = limitOf({ algorithm: 'fixedWindow', max: 1, windowMs: 10_000 })
    await startOfWindow(10_000)
    await outcome(limit)
    for (let at = 0; at < 9; at++) {
      await tools.advance(1000)
      expect(await outcome(limit)).toBe('limited')
    }
    await tools.advance(1000)
    expect(await outcome(limit)).toBe('admitted')
  })

  test('a cost of nothing passes where nothing is left, and takes nothing', async () => {
    for (const algorithm of ['slidingWindow', 'fixedWindow', 'tokenBucket'] as const) {
      const limit = limitOf({ algorithm, max: 3 })
      expect(await outcome({ ...limit, cost: 0 }, { ...limit, cost: 0, name: 'orders:other' })).toBe(
        'admitted',
      )
      expect(await read(limit)).toMatchObject({ remaining: 3, resetSeconds: 0 })
      expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
      expect(await outcome({ ...limit, cost: 0 })).toBe('admitted')
      expect(await outcome(limit)).toBe('limited')
      expect(await read({ ...limit, max: 4 })).toMatchObject({ remaining: 1 })
    }
  })

  test('a pool is one count for all that name it, and none of another owner', async () => {
    const pool = limitOf({ owner: `pool:${crypto.randomUUID()}`, name: '*:api', max: 3 })
    const admissions = await Promise.all(
      Array.from({ length: 6 }, (_, i) => {
        const own = limitOf({ owner: `route:${i % 2}`, name: `${i % 2}:route`, max: 100 })
        return state.admit(request({ limits: [own, pool] }))
      }),
    )
    expect(tally(admissions)).toEqual({ admitted: 3, limited: 3 })
    await background()
    expect(await outcome({ ...pool, owner: `pool:${crypto.randomUUID()}`, cost: 3 })).toBe('admitted')
  })

  test('a tier of more units keeps what was taken, and a tier of fewer denies at once', async () => {
    const limit = limitOf({ max: 3 })
    expect(await outcome({ ...limit, cost: 3 })).toBe('admitted')
    expect(await outcome({ ...limit, max: 6, cost: 2 })).toBe('admitted')
    expect(await read({ ...limit, max: 6 })).toMatchObject({ max: 6, remaining: 1 })
    expect(await outcome(limit)).toBe('limited')
  })

  describeCalendar(suite, { state, outcome, read })
}
