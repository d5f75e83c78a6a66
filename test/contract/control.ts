import { expect, test } from 'vitest'
import { claimOf, limitOf, type Suite } from './suite.ts'

export function describeControl({ makeState, tools, request, background }: Suite): void {
  const state = makeState()
  const hour = 3_600_000

  test('refuses a blocked client and a revoked principal within 2 seconds in an isolate that was busy', async () => {
    const client = `192.0.2.1-${crypto.randomUUID()}`
    const principal = `https://issuer|${crypto.randomUUID()}`
    expect((await state.admit(request({ client, principal }))).outcome).toBe('admitted')
    await tools.block(client, tools.now() + hour)
    await tools.revoke(principal, tools.now() + hour)
    await tools.advance(2000)
    expect(await state.admit(request({ client }))).toEqual({ outcome: 'blocked' })
    expect(await state.admit(request({ principal }))).toEqual({ outcome: 'revoked' })
    expect(await state.admit(request({ client, principal }))).toEqual({ outcome: 'blocked' })
    expect((await state.admit(request({ client: 'another', principal: 'another' }))).outcome).toBe('admitted')
  })

  test('refuses at once in an isolate that has just started', async () => {
    const client = crypto.randomUUID()
    await tools.block(client, tools.now() + hour)
    expect((await makeState().admit(request({ client }))).outcome).toBe('blocked')
  })

  test('puts a block before a revocation, and both before limits and duplicates, and leaves nothing', async () => {
    const client = crypto.randomUUID()
    const principal = crypto.randomUUID()
    const limit = limitOf({ max: 2 })
    const claim = claimOf()
    const first = request({ client: 'another', limits: [limit], claim })
    await state.admit(first)
    await tools.block(client, tools.now() + hour)
    await tools.revoke(principal, tools.now() + hour)
    await tools.advance(2000)
    const fresh = claimOf()
    expect((await state.admit(request({ client, principal, limits: [limit], claim }))).outcome).toBe(
      'blocked',
    )
    expect((await state.admit(request({ principal, limits: [limit], claim: fresh }))).outcome).toBe('revoked')
    await background()
    expect((await state.admit(request({ limits: [limit], claim: fresh }))).outcome).toBe('admitted')
    expect((await state.admit(request({ limits: [limit], claim }))).outcome).toBe('limited')
    expect((await state.admit(request({ client, limits: [limit] }))).outcome).toBe('blocked')
  })

  test('knows a block without a call once it has refused the client, for no longer than 2 seconds', async () => {
    const client = crypto.randomUUID()
    const isolate = makeState()
    await tools.block(client, tools.now() + hour)
    expect(isolate.knowsBlocked(client, tools.now())).toBe(false)
    expect((await isolate.admit(request({ client }))).outcome).toBe('blocked')
    expect(isolate.knowsBlocked(client, tools.now())).toBe(true)
    expect(isolate.knowsBlocked('another', tools.now())).toBe(false)
    await tools.advance(2000)
    expect(isolate.knowsBlocked(client, tools.now())).toBe(false)
  })

  test('lets a client in again when the block ends or its time is over', async () => {
    const client = crypto.randomUUID()
    await tools.block(client, tools.now() + 10_000)
    await tools.advance(2000)
    expect((await state.admit(request({ client }))).outcome).toBe('blocked')
    await tools.advance(8000)
    expect(state.knowsBlocked(client, tools.now())).toBe(false)
    expect((await state.admit(request({ client }))).outcome).toBe('admitted')
    await tools.block(client, tools.now() + hour)
    await tools.advance(2000)
    expect((await state.admit(request({ client }))).outcome).toBe('blocked')
    await tools.unblock(client)
    await tools.advance(2000)
    expect((await state.admit(request({ client }))).outcome).toBe('admitted')
  })

  test('compares whole keys: a prefix of a blocked key passes', async () => {
    const client = crypto.randomUUID()
    await tools.block(client, tools.now() + hour)
    await tools.advance(2000)
    expect((await state.admit(request({ client: client.slice(0, -1) }))).outcome).toBe('admitted')
    expect((await state.admit(request({ principal: client }))).outcome).toBe('admitted')
  })
}
