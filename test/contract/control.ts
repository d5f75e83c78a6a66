import { expect, test } from 'vitest'
import { claimOf, limitOf, type Suite } from './suite.ts'

export function describeControl({ makeState, tools, request, background }: Suite): void {
  const state = makeState()
  const hour = 3_600_000

  test('refuses a blocked client and a revoked principal within 2 seconds in an isolate that was busy', async () => {
    const client = `192.0.2.1-${crypto.randomUUID()}`
    const principal = `https://issuer|${crypto.randomUUID()}`
    expect((await state.admit(request({ client, revocable: [principal] }))).outcome).toBe('admitted')
    await tools.operations().block(client, tools.now() + hour)
    await tools.operations().revoke(principal, tools.now() + hour)
    await tools.advance(2000)
    expect(await state.admit(request({ client }))).toEqual({ outcome: 'blocked' })
    expect(await state.admit(request({ revocable: [principal] }))).toEqual({ outcome: 'revoked' })
    expect(await state.admit(request({ client, revocable: [principal] }))).toEqual({ outcome: 'blocked' })
    expect((await state.admit(request({ client: 'another', revocable: ['another'] }))).outcome).toBe(
      'admitted',
    )
  })

  test('refuses at once in an isolate that has just started', async () => {
    const client = crypto.randomUUID()
    await tools.operations().block(client, tools.now() + hour)
    expect((await makeState().admit(request({ client }))).outcome).toBe('blocked')
  })

  test('puts a block before a revocation, and both before limits and duplicates, and leaves nothing', async () => {
    const client = crypto.randomUUID()
    const principal = crypto.randomUUID()
    const limit = limitOf({ max: 2 })
    const claim = claimOf()
    const first = request({ client: 'another', limits: [limit], claim })
    await state.admit(first)
    await tools.operations().block(client, tools.now() + hour)
    await tools.operations().revoke(principal, tools.now() + hour)
    await tools.advance(2000)
    const fresh = claimOf()
    expect(
      (await state.admit(request({ client, revocable: [principal], limits: [limit], claim }))).outcome,
    ).toBe('blocked')
    expect(
      (await state.admit(request({ revocable: [principal], limits: [limit], claim: fresh }))).outcome,
    ).toBe('revoked')
    await background()
    expect((await state.admit(request({ limits: [limit], claim: fresh }))).outcome).toBe('admitted')
    expect((await state.admit(request({ limits: [limit], claim }))).outcome).toBe('limited')
    expect((await state.admit(request({ client, limits: [limit] }))).outcome).toBe('blocked')
  })

  test('knows a block without a call once it has refused the client, for no longer than 2 seconds', async () => {
    const client = crypto.randomUUID()
    const isolate = makeState()
    await tools.operations().block(client, tools.now() + hour)
    expect(isolate.knowsBlocked(client, tools.now())).toBe(false)
    expect((await isolate.admit(request({ client }))).outcome).toBe('blocked')
    expect(isolate.knowsBlocked(client, tools.now())).toBe(true)
    expect(isolate.knowsBlocked('another', tools.now())).toBe(false)
    await tools.advance(2000)
    expect(isolate.knowsBlocked(client, tools.now())).toBe(false)
  })

  test('follows within 2 seconds also after the clock was set back', async () => {
    const principal = crypto.randomUUID()
    expect((await state.admit(request({ revocable: [principal] }))).outcome).toBe('admitted')
    await tools.advance(-hour)
    await tools.operations().revoke(principal, tools.now() + hour)
    await tools.advance(2000)
    expect(await state.admit(request({ revocable: [principal] }))).toEqual({ outcome: 'revoked' })
  })

  test('lets a client in again when the block ends or its time is over', async () => {
    const client = crypto.randomUUID()
    await tools.operations().block(client, tools.now() + 10_000)
    await tools.advance(2000)
    expect((await state.admit(request({ client }))).outcome).toBe('blocked')
    await tools.advance(8000)
    expect(state.knowsBlocked(client, tools.now())).toBe(false)
    expect((await state.admit(request({ client }))).outcome).toBe('admitted')
    await tools.operations().block(client, tools.now() + hour)
    await tools.advance(2000)
    expect((await state.admit(request({ client }))).outcome).toBe('blocked')
    await tools.operations().unblock(client)
    await tools.advance(2000)
    expect((await state.admit(request({ client }))).outcome).toBe('admitted')
  })

  test('compares whole keys: a prefix of a blocked key passes', async () => {
    const client = crypto.randomUUID()
    await tools.operations().block(client, tools.now() + hour)
    await tools.advance(2000)
    expect((await state.admit(request({ client: client.slice(0, -1) }))).outcome).toBe('admitted')
    expect((await state.admit(request({ revocable: [client] }))).outcome).toBe('admitted')
  })

  const revoked = async (parts: { revocable: string[]; issuedAt?: number }) =>
    (await state.admit(request(parts))).outcome === 'revoked'

  test('refuses a credential when any of its eight names is revoked', async () => {
    const names = Array.from({ length: 8 }, () => `sid:https://issuer|${crypto.randomUUID()}`)
    const [first = '', last = ''] = [names[0], names[7]]
    expect(await revoked({ revocable: names })).toBe(false)
    for (const name of [first, last]) {
      await tools.operations().revoke(name, tools.now() + hour)
      await tools.advance(2000)
      expect(await revoked({ revocable: names })).toBe(true)
      expect(await revoked({ revocable: names.filter((other) => other !== name) })).toBe(false)
      await tools.operations().restore(name)
      await tools.advance(2000)
    }
    expect(await revoked({ revocable: names })).toBe(false)
  })

  test('lets no name that passes make up for one that is revoked, in either order', async () => {
    const [whole, moment] = [crypto.randomUUID(), crypto.randomUUID()]
    const now = tools.now()
    await tools.operations().revoke(whole, now + hour)
    await tools.operations().revoke(moment, now + hour, { issuedBefore: now })
    await tools.advance(2000)
    expect(await revoked({ revocable: [moment], issuedAt: now })).toBe(false)
    expect(await revoked({ revocable: [whole, moment], issuedAt: now })).toBe(true)
    expect(await revoked({ revocable: [moment, whole], issuedAt: now })).toBe(true)
  })

  test('refuses only what was issued before the moment that a revocation names, and what does not tell', async () => {
    const revocable = [crypto.randomUUID(), crypto.randomUUID()]
    const at = tools.now()
    await tools
      .operations()
      .revoke(revocable[1] ?? '', at + hour, { issuedBefore: at, reason: 'I 1 2 lost phone' })
    await tools.advance(2000)
    expect(await revoked({ revocable, issuedAt: at - 1 })).toBe(true)
    expect(await revoked({ revocable, issuedAt: at })).toBe(false)
    expect(await revoked({ revocable, issuedAt: at + 5000 })).toBe(false)
    expect(await revoked({ revocable })).toBe(true)
    expect(await revoked({ revocable, issuedAt: Number.NaN })).toBe(true)
    expect(await tools.operations().restore(revocable[1] ?? '')).toBe(true)
    expect(await tools.operations().restore(revocable[1] ?? '')).toBe(false)
    await tools.advance(2000)
    expect(await revoked({ revocable, issuedAt: at - 1 })).toBe(false)
  })

  test('takes nothing back when it revokes once more: each refusal keeps its own end', async () => {
    const now = tools.now()
    const names = ['whole first', 'moment first', 'shorter', 'earlier'].map(
      (name) => `${name} ${crypto.randomUUID()}`,
    )
    const [whole = '', moment = '', shorter = '', earlier = ''] = names
    const { revoke } = tools.operations()
    await revoke(whole, now + 10_000)
    await revoke(whole, now + hour, { issuedBefore: now })
    await revoke(moment, now + hour, { issuedBefore: now })
    await revoke(moment, now + 10_000)
    await revoke(shorter, now + hour)
    await revoke(shorter, now + 10_000)
    await revoke(shorter, now + 10_000, { issuedBefore: now })
    await revoke(earlier, now + hour, { issuedBefore: now })
    await revoke(earlier, now + 10_000, { issuedBefore: now - 5000 })
    const seen = async () => {
      const outcomes: Record<string, boolean[]> = {}
      for (const name of names) {
        const issued = [now - 1, now].map((issuedAt) => revoked({ revocable: [name], issuedAt }))
        outcomes[name] = await Promise.all(issued)
      }
      return outcomes
    }
    await tools.advance(2000)
    expect(await seen()).toEqual({
      [whole]: [true, true],
      [moment]: [true, true],
      [shorter]: [true, true],
      [earlier]: [true, false],
    })
    await tools.advance(9000)
    expect(await seen()).toEqual({
      [whole]: [true, false],
      [moment]: [true, false],
      [shorter]: [true, true],
      [earlier]: [true, false],
    })
    await tools.advance(hour)
    expect(await seen()).toEqual(Object.fromEntries(names.map((name) => [name, [false, false]])))
  })

  test('lets no later block end an earlier one sooner', async () => {
    const client = crypto.randomUUID()
    await tools.operations().block(client, tools.now() + hour)
    await tools.operations().block(client, tools.now() + 3000)
    await tools.advance(5000)
    expect((await state.admit(request({ client }))).outcome).toBe('blocked')
  })

  test.each([
    ['an empty name', '', hour, {}],
    ['a name of 1,025 characters', 'n'.repeat(1025), hour, {}],
    ['an end that is over', 'name', -1, {}],
    ['an end that is none', 'name', Number.NaN, {}],
    ['a moment that is none', 'name', hour, { issuedBefore: Number.NaN }],
    ['a moment in parts of a millisecond', 'name', hour, { issuedBefore: 1.5 }],
  ])('refuses to revoke %s', async (_, name, forMs, how) => {
    await expect(tools.operations().revoke(name, tools.now() + forMs, how)).rejects.toThrow(TypeError)
  })
}
