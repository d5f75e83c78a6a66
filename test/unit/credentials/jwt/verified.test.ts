import * as v from 'valibot'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Verified } from '../../../../src/credentials/jwt/verified.ts'
import { keepVerified, recallVerified, verifiedKept } from '../../../../src/credentials/jwt/verified.ts'
import { authenticate, key, keysOf, NOW, route, type TestKeys, tokenWith, verdict } from './fixture.ts'
import { headerOf, makeSigner, signToken, twinOf } from './signer.ts'

const now = NOW * 1000
let keys: TestKeys
let token = ''
let serial = 0
beforeAll(async () => {
  keys = await keysOf(key)
})
beforeEach(() => {
  keys.asked = 0
  token = tokenWith({ jti: `cache-${++serial}` })
})

describe('a token that was verified', () => {
  it('is not verified again while its key is current', async () => {
    const orders = route(keys)
    const verify = vi.spyOn(crypto.subtle, 'verify')
    for (let i = 0; i < 3; i++) expect(await verdict(orders, token)).toBe('accepted')
    expect([keys.asked, verify.mock.calls.length]).toEqual([1, 1])
    verify.mockRestore()
  })

  it('says in each request that its keys are past their lifetime, and no longer than they are', async () => {
    const own = await keysOf(key)
    const orders = route(own)
    const warned = async () => {
      const result = await authenticate(orders, token)
      return result.ok && result.value.warnings?.map(({ code }) => code)
    }
    expect(await warned()).toBeUndefined()
    own.isStale = true
    for (let i = 0; i < 3; i++) expect(await warned()).toEqual(['issuer_unavailable'])
    own.isStale = false
    expect(await warned()).toBeUndefined()
    expect(own.asked).toBe(1)
  })

  it('is asked about anew once its key is gone, whatever its exp says', async () => {
    const own = await keysOf(key)
    const orders = route(own)
    expect(await verdict(orders, token)).toBe('accepted')
    own.keys = []
    expect(await verdict(orders, token)).toBe('credential_refused: the issuer has no key for the token')
  })

  it('is asked about anew once another key has its kid', async () => {
    const own = await keysOf(key)
    const orders = route(own)
    expect(await verdict(orders, token)).toBe('accepted')
    own.keys = (await keysOf(makeSigner('ES256', 'k1'))).keys
    expect(await verdict(orders, token)).toBe("credential_refused: the token's signature does not match")
  })

  it('is 503 once there are no keys to decide by', async () => {
    const own = await keysOf(key)
    const orders = route(own)
    expect(await verdict(orders, token)).toBe('accepted')
    own.unavailable = true
    expect(await verdict(orders, token)).toMatch(/^issuer_unavailable/)
  })

  it('ends at its exp', async () => {
    const orders = route(keys)
    expect(await verdict(orders, token)).toBe('accepted')
    expect(await verdict(orders, token, { now: now + 320_000 })).toBe(
      'credential_refused: the token has expired',
    )
  })

  it('is remembered for at most five minutes, and not before the time when it was verified', async () => {
    const orders = route(keys)
    const long = tokenWith({ jti: `cache-${serial}`, exp: NOW + 3600 })
    for (const at of [0, 299_999, 300_000, 310_000, 100_000]) await verdict(orders, long, { now: now + at })
    // Asked at first, at five minutes, and where the clock had gone back.
    expect(keys.asked).toBe(3)
  })

  it('is nothing to another policy, however alike', async () => {
    expect(await verdict(route(keys), token)).toBe('accepted')
    expect(await verdict(route(keys), token)).toBe('accepted')
    expect(keys.asked).toBe(2)
    expect(await verdict(route(keys, { audience: 'billing-api' }), token)).toMatch(/audience/)
  })

  it('does not vouch for one that differs in any part', async () => {
    const orders = route(keys)
    expect(await verdict(orders, token)).toBe('accepted')
    const other = tokenWith({ jti: `cache-${serial}`, sub: 'root' })
    const [head, payload] = other.split('.')
    expect(await verdict(orders, `${head}.${payload}.${token.split('.')[2]}`)).toMatch(/signature/)
    expect(await verdict(orders, twinOf(token))).toBe('accepted')
    expect(keys.asked).toBe(3)
  })

  it('is the same frozen principal in each request', async () => {
    const orders = route(keys)
    const [first, second] = [await authenticate(orders, token), await authenticate(orders, token)]
    if (!first.ok || !second.ok) throw new Error('not accepted')
    expect(second.value.principal).toBe(first.value.principal)
    expect(Object.isFrozen(first.value.principal.claims)).toBe(true)
    expect(Object.isFrozen(first.value.revocable)).toBe(true)
  })

  it.each<[string, (tenant: string) => unknown]>([
    ['a Set', (tenant) => new Set([tenant])],
    ['a Map', (tenant) => new Map([[tenant, 1]])],
    ['a Date', () => new Date(0)],
    ['bytes', () => new Uint8Array(4)],
    ['a function', () => () => 1],
    ['an object of a class', () => new (class Tenant {})()],
    ['a Set below a list', (tenant) => [{ deep: [new Set([tenant])] }]],
    ['a Set in what is frozen', (tenant) => Object.freeze({ deep: new Set([tenant]) })],
    ['a Set under a symbol', (tenant) => ({ [Symbol.for('deep')]: new Set([tenant]) })],
  ])('is verified anew where its schema makes %s, which nobody can freeze', async (_, make) => {
    const claims = v.pipe(
      v.looseObject({ tenant: v.string() }),
      v.transform(({ tenant }) => ({ made: make(tenant) })),
    )
    const orders = route(keys, { claims })
    const [first, second] = [await authenticate(orders, token), await authenticate(orders, token)]
    if (!first.ok || !second.ok) throw new Error('not accepted')
    expect(second.value.principal.claims).not.toBe(first.value.principal.claims)
    expect(keys.asked).toBe(2)
  })

  it('is frozen below what its schema has frozen at the surface', async () => {
    const claims = v.pipe(
      v.looseObject({ deep: v.looseObject({ groups: v.array(v.string()) }) }),
      v.transform((made) => Object.freeze(made)),
    )
    const text = tokenWith({ jti: `cache-${serial}`, deep: { groups: ['user'] } })
    const result = await authenticate(route(keys, { claims }), text)
    if (!result.ok) throw new Error('not accepted')
    const { deep } = result.value.principal.claims as { deep: { groups: string[] } }
    expect(() => deep.groups.push('admin')).toThrow(TypeError)
  })

  it('may have claims that hold themselves', async () => {
    const claims = v.pipe(
      v.looseObject({}),
      v.transform((members) => {
        const round: Record<string, unknown> = { ...members }
        round.self = round
        return round
      }),
    )
    const orders = route(keys, { claims })
    for (let i = 0; i < 2; i++) expect(await verdict(orders, token)).toBe('accepted')
    expect(keys.asked).toBe(1)
  })

  it('is checked for its binding in each request', async () => {
    const orders = route(keys)
    expect(await verdict(orders, token)).toBe('accepted')
    expect(await verdict(orders, token, { scheme: 'DPoP' })).toBe(
      'credential_missing: no credential is presented',
    )
  })
})

describe('refusals', () => {
  it('are not remembered', async () => {
    const orders = route(keys)
    const before = verifiedKept()
    const forged = signToken(
      makeSigner('ES256', 'k1'),
      headerOf(key),
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()),
    )
    for (let i = 0; i < 3; i++) expect(await verdict(orders, forged)).toMatch(/signature/)
    expect(verifiedKept()).toEqual(before)
    expect(keys.asked).toBe(3)
  })
})

describe('what is kept', () => {
  const entry = (): Verified => ({ proven: {} as never, keys, thumbprint: key.thumbprint, verifiedAtMs: now })

  it('is the 500 that were used last', () => {
    for (let i = 0; i < 500; i++) keepVerified(-1, `token-${i}`, entry())
    expect(recallVerified(-1, 'token-0', keys, now)).toBeDefined()
    keepVerified(-1, 'token-500', entry())
    expect(verifiedKept().entries).toBe(500)
    expect(recallVerified(-1, 'token-0', keys, now)).toBeDefined()
    expect(recallVerified(-1, 'token-1', keys, now)).toBeUndefined()
  })

  it('is at most 1 MiB, and no token of more than 4 KiB', () => {
    for (let i = 0; i < 500; i++) keepVerified(-2, `${i}`.padEnd(4096, 'x'), entry())
    expect(verifiedKept().chars).toBeLessThanOrEqual(1_048_576)
    expect(verifiedKept().entries).toBeLessThan(260)
    keepVerified(-2, 'y'.repeat(4097), entry())
    expect(recallVerified(-2, 'y'.repeat(4097), keys, now)).toBeUndefined()
  })

  it('is counted right when one is kept twice', () => {
    keepVerified(-3, 'twice', entry())
    const once = verifiedKept()
    keepVerified(-3, 'twice', entry())
    expect(verifiedKept()).toEqual(once)
  })

  it('is of no use with another source of keys', async () => {
    keepVerified(-4, 'token', entry())
    expect(recallVerified(-4, 'token', await keysOf(key), now)).toBeUndefined()
  })
})
