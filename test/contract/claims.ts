import { expect, test } from 'vitest'
import { claimOf, limitOf, type Suite, tally } from './suite.ts'

export function describeClaims({ makeState, tools, request, background }: Suite): void {
  const state = makeState()

  test.each([1, 40, 400])(
    'admits exactly one of %i copies of a delivery that arrive at once',
    async (copies) => {
      const { route, key } = claimOf()
      const requests = Array.from({ length: copies }, () => request({ claim: claimOf({ route, key }) }))
      const admissions = await Promise.all(requests.map((each) => state.admit(each)))
      expect(tally(admissions)).toEqual(copies === 1 ? { admitted: 1 } : { admitted: 1, leased: copies - 1 })
      for (const admission of admissions) {
        if (admission.outcome !== 'leased') continue
        expect(admission.retryAfterSeconds).toBeGreaterThanOrEqual(1)
        expect(admission.retryAfterSeconds).toBeLessThanOrEqual(5)
      }
    },
  )

  test('tells the rest of a lease that is nearly over, never 0 seconds', async () => {
    const claim = claimOf({ leaseMs: 10_000 })
    await state.admit(request({ claim }))
    await tools.advance(8001)
    expect(await state.admit(request({ claim }))).toMatchObject({ outcome: 'leased', retryAfterSeconds: 2 })
    await tools.advance(1998)
    expect(await state.admit(request({ claim }))).toMatchObject({ outcome: 'leased', retryAfterSeconds: 1 })
  })

  test('finds its own lease when the call is tried again, and keeps others out', async () => {
    const claim = claimOf()
    const first = request({ claim })
    expect((await state.admit(first)).outcome).toBe('admitted')
    expect((await state.admit(first)).outcome).toBe('admitted')
    expect((await state.admit(request({ claim }))).outcome).toBe('leased')
  })

  test('tells who settles whether the claim was still theirs', async () => {
    const claim = claimOf({ leaseMs: 10_000 })
    const first = request({ claim })
    await state.admit(first)
    await tools.advance(10_001)
    const second = request({ claim })
    expect((await state.admit(second)).outcome).toBe('admitted')
    expect(await state.settle({ claim, token: first.token, as: 'release' })).toBe(false)
    expect(await state.settle({ claim, token: second.token, as: 'commit' })).toBe(true)
    // Tried again after a lost reply: still theirs.
    expect(await state.settle({ claim, token: second.token, as: 'commit' })).toBe(true)
    expect(await state.settle({ claim, token: first.token, as: 'commit' })).toBe(false)
  })

  test('lets the next copy in after a release', async () => {
    const claim = claimOf()
    const first = request({ claim })
    await state.admit(first)
    await state.settle({ claim, token: first.token, as: 'release' })
    expect((await state.admit(request({ claim }))).outcome).toBe('admitted')
  })

  test('remembers a commit and names the first request to every later copy', async () => {
    const claim = claimOf()
    const first = request({ claim })
    await state.admit(first)
    await state.settle({ claim, token: first.token, as: 'commit' })
    for (let copy = 0; copy < 3; copy++) {
      const later = claimOf({ route: claim.route, key: claim.key })
      expect(await state.admit(request({ claim: later }))).toMatchObject({
        outcome: 'done',
        duplicateOf: claim.requestId,
      })
    }
  })

  test('lets no stranger release a lease, give it back, or release what is done', async () => {
    const claim = claimOf()
    const first = request({ claim })
    const stranger = crypto.randomUUID()
    await state.admit(first)
    const forged = claimOf({ route: claim.route, key: claim.key })
    expect(await state.settle({ claim: forged, token: stranger, as: 'release' })).toBe(false)
    await state.giveBack(request({ claim: forged, token: stranger }))
    expect((await state.admit(request({ claim }))).outcome).toBe('leased')
    await state.settle({ claim, token: first.token, as: 'commit' })
    await state.settle({ claim: forged, token: stranger, as: 'release' })
    await state.settle({ claim, token: first.token, as: 'release' })
    await state.giveBack(first)
    expect(await state.admit(request({ claim: forged }))).toMatchObject({
      outcome: 'done',
      duplicateOf: claim.requestId,
    })
  })

  test('accepts the retry of a delivery whose Worker died: not before the lease ends, then at once', async () => {
    const claim = claimOf({ leaseMs: 45_000 })
    await state.admit(request({ claim }))
    await tools.advance(44_999)
    expect((await state.admit(request({ claim }))).outcome).toBe('leased')
    await tools.advance(1)
    expect((await state.admit(request({ claim }))).outcome).toBe('admitted')
    expect((await state.admit(request({ claim }))).outcome).toBe('leased')
  })

  test('still commits after the lease ran out when nobody took the delivery', async () => {
    const claim = claimOf()
    const first = request({ claim })
    await state.admit(first)
    await tools.advance(claim.leaseMs + 1)
    await state.settle({ claim, token: first.token, as: 'commit' })
    expect(await state.admit(request({ claim }))).toMatchObject({
      outcome: 'done',
      duplicateOf: claim.requestId,
    })
  })

  test('ignores the release of a holder whose lease another has taken over', async () => {
    const claim = claimOf()
    const first = request({ claim })
    await state.admit(first)
    await tools.advance(claim.leaseMs)
    const second = request({ claim: claimOf({ route: claim.route, key: claim.key }) })
    expect((await state.admit(second)).outcome).toBe('admitted')
    expect(await state.settle({ claim, token: first.token, as: 'release' })).toBe(false)
    expect((await state.admit(request({ claim }))).outcome).toBe('leased')
  })

  test('keeps the commit of a holder that was overtaken, whatever becomes of the other', async () => {
    const claim = claimOf()
    const first = request({ claim })
    await state.admit(first)
    await tools.advance(claim.leaseMs)
    const second = request({ claim: claimOf({ route: claim.route, key: claim.key }) })
    await state.admit(second)
    expect(await state.settle({ claim, token: first.token, as: 'commit' })).toBe(false)
    expect(await state.settle({ claim: second.claim ?? claim, token: second.token, as: 'release' })).toBe(
      false,
    )
    expect(await state.admit(request({ claim }))).toMatchObject({
      outcome: 'done',
      duplicateOf: claim.requestId,
    })
  })

  test('forgets a delivery when its time is over, not seconds before', async () => {
    const claim = claimOf({ ttlMs: 300_000 })
    const first = request({ claim })
    await state.admit(first)
    await state.settle({ claim, token: first.token, as: 'commit' })
    await tools.advance(295_000)
    expect((await state.admit(request({ claim }))).outcome).toBe('done')
    await tools.advance(5000)
    expect((await state.admit(request({ claim }))).outcome).toBe('admitted')
  })

  test('burns a once claim at admit: no release, commit, give-back or forget brings it back before its time', async () => {
    const claim = claimOf({ kind: 'once', ttlMs: 300_000 })
    const first = request({ claim })
    expect((await state.admit(first)).outcome).toBe('admitted')
    expect((await state.admit(first)).outcome).toBe('admitted')
    await state.settle({ claim, token: first.token, as: 'release' })
    await state.giveBack(first)
    const again = claimOf({ kind: 'once', route: claim.route, key: claim.key })
    expect(await state.admit(request({ claim: again }))).toMatchObject({
      outcome: 'done',
      duplicateOf: claim.requestId,
    })
    await tools.operations().forget(claim.route, claim.key)
    expect((await state.admit(request({ claim: again }))).outcome).toBe('done')
    await tools.advance(300_000)
    await state.settle({ claim, token: first.token, as: 'commit' })
    expect((await state.admit(request({ claim: again }))).outcome).toBe('admitted')
  })

  test('keeps a lease and its holder over a restart between claim and commit', async () => {
    const claim = claimOf()
    const first = request({ claim })
    await state.admit(first)
    await tools.restart(claim)
    expect((await state.admit(request({ claim }))).outcome).toBe('leased')
    await state.settle({ claim, token: first.token, as: 'commit' })
    await tools.restart(claim)
    expect(await state.admit(request({ claim }))).toMatchObject({
      outcome: 'done',
      duplicateOf: claim.requestId,
    })
  })

  test('lets a resend on purpose pass once it is forgotten, and a lease is not forgotten', async () => {
    const claim = claimOf()
    const first = request({ claim, limits: [limitOf()] })
    await state.admit(first)
    await tools.operations().forget(claim.route, claim.key)
    expect((await state.admit(request({ claim }))).outcome).toBe('leased')
    await state.settle({ claim, token: first.token, as: 'commit' })
    await tools.operations().forget(claim.route, claim.key)
    expect((await state.admit(request({ claim }))).outcome).toBe('admitted')
  })

  test('keeps the same key apart in two routes', async () => {
    const claim = claimOf()
    await state.admit(request({ claim }))
    expect((await state.admit(request({ claim: { ...claim, route: 'other' } }))).outcome).toBe('admitted')
  })

  test('gives back counts and lease of an admission that led to no forward', async () => {
    const claim = claimOf()
    const limit = limitOf({ max: 1 })
    const first = request({ claim, limits: [limit] })
    expect((await state.admit(first)).outcome).toBe('admitted')
    await state.giveBack(first)
    const second = request({ claim, limits: [limit] })
    expect((await state.admit(second)).outcome).toBe('admitted')
    expect((await state.admit(request({ limits: [limit] }))).outcome).toBe('limited')
  })

  test('does not count the copies that it refuses', async () => {
    const limit = limitOf({ max: 10 })
    const { route, key } = claimOf()
    const first = request({ claim: claimOf({ route, key }), limits: [limit] })
    const admit = () => state.admit(request({ claim: claimOf({ route, key }), limits: [limit] }))
    await state.admit(first)
    for (let copy = 0; copy < 15; copy++) {
      expect((await admit()).outcome).toBe('leased')
      await background()
    }
    await state.settle({ claim: claimOf({ route, key }), token: first.token, as: 'commit' })
    for (let copy = 0; copy < 15; copy++) {
      expect((await admit()).outcome).toBe('done')
      await background()
    }
    expect(await state.admit(request({ limits: [limit] }))).toMatchObject({ limits: [{ remaining: 8 }] })
  })
}
