import * as fc from 'fast-check'
import { base64url, exportJWK, generateKeyPair, type JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { importVerifyKey } from '../../../src/keys/jwk.ts'
import { readJwk } from '../../../src/lib/jwk.ts'
import { hasSmallOrder } from '../../../src/lib/small-order.ts'
import { publicJwk } from './keys.ts'

const ALL = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']
const keys: Record<string, JWK> = {}
beforeAll(async () => {
  for (const alg of ALL) keys[alg] = await publicJwk(alg)
})
const faultOf = (jwk: unknown, algorithms: readonly string[] = ALL) => {
  const read = readJwk(jwk, algorithms)
  return read.ok ? 'taken' : read.fault
}
const number = (...bytes: number[]) => base64url.encode(Uint8Array.from(bytes))
/** An odd modulus of so many bits. */
const modulus = (bits: number) => {
  const bytes = new Uint8Array(Math.ceil(bits / 8)).fill(0xff)
  bytes[0] = 0xff >> (bytes.length * 8 - bits)
  return base64url.encode(bytes)
}

describe('a key of an issuer', () => {
  it.each(ALL)('for %s is read, imported and known by its thumbprint', async (alg) => {
    const read = readJwk(keys[alg], ALL)
    expect(read).toMatchObject({ ok: true, jwk: { alg, kid: `${alg} key` } })
    if (!read.ok) return
    const key = await importVerifyKey(read.jwk)
    expect(key).toMatchObject({ kid: `${alg} key`, algorithm: alg })
    expect(key?.thumbprint).toMatch(/^[\w-]{43}$/)
    expect(key?.key.usages).toEqual(['verify'])
  })

  it('keeps only the members that decide', () => {
    const read = readJwk({ ...keys.ES256, x5c: ['…'], x5u: 'https://x', ext: true, other: 1 }, ALL)
    expect(Object.keys(read.ok ? read.jwk : {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'x', 'y'])
  })

  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
    'with the private member %s is dropped',
    (name) => {
      expect(faultOf({ ...keys.RS256, [name]: 'AQAB' })).toBe('private')
      expect(faultOf({ ...keys.ES256, [name]: null })).toBe('private')
    },
  )

  it.each([
    ['for encryption', { use: 'enc' }],
    ['of a use that is no text', { use: ['sig'] }],
    ['of no use', { use: null }],
    ['to encrypt with', { key_ops: ['encrypt'] }],
    ['to sign with', { key_ops: ['sign'] }],
    ['of operations that are no list', { key_ops: 'verify' }],
    ['of no operation', { key_ops: [] }],
  ])('%s is dropped', (_, more) => {
    expect(faultOf({ ...keys.ES256, ...more })).toBe('use')
  })

  it('may say that it verifies, or nothing of its use', () => {
    const { use: _, ...silent } = keys.ES256 as JWK
    expect(faultOf({ ...silent, key_ops: ['verify'] })).toBe('taken')
    expect(faultOf(silent)).toBe('taken')
  })

  it.each([
    ['a shared secret', { kty: 'oct', kid: 'a' }],
    ['no type', {}],
    ['an unknown type', { kty: 'AKP', pub: 'AA' }],
    ['a curve for key agreement', { kty: 'OKP', crv: 'X25519', x: 'AA' }],
    ['Ed448', { kty: 'OKP', crv: 'Ed448', x: 'AA' }],
    ['secp256k1', { kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' }],
    ['a type from the prototype', { kty: 'constructor', crv: '__proto__' }],
  ])('of %s is dropped', (_, jwk) => {
    expect(faultOf(jwk)).toBe('family')
  })

  it.each([null, 1, 'key', [], [[]], true])('that is no object (%j) is dropped', (value) => {
    expect(faultOf(value)).toBe('shape')
  })

  it('for another algorithm than its curve has, or than the list has, is dropped', () => {
    expect(faultOf({ ...keys.ES256, alg: 'ES384' })).toBe('algorithm')
    expect(faultOf({ ...keys.RS256, alg: 'ES256' })).toBe('algorithm')
    expect(faultOf({ ...keys.RS256, alg: 'RSA-OAEP' })).toBe('algorithm')
    expect(faultOf({ ...keys.RS256, alg: 'none' })).toBe('algorithm')
    expect(faultOf({ ...keys.RS256, alg: 256 })).toBe('algorithm')
    expect(faultOf(keys.PS256, ['RS256'])).toBe('algorithm')
    expect(faultOf(keys.ES384, ['ES256'])).toBe('algorithm')
  })

  it('without an algorithm is pinned: a curve to its own, RSA to the first of the list', () => {
    const pinned = (name: string, algorithms: string[]) => {
      const { alg: _, ...jwk } = keys[name] as JWK
      const read = readJwk(jwk, algorithms)
      return read.ok ? read.jwk.alg : read.fault
    }
    expect(pinned('RS256', ['ES256', 'PS256', 'RS256'])).toBe('PS256')
    expect(pinned('RS256', ['RS512', 'PS256'])).toBe('RS512')
    expect(pinned('ES384', ['RS256', 'ES256', 'ES384'])).toBe('ES384')
    expect(pinned('EdDSA', ['Ed25519'])).toBe('Ed25519')
    expect(pinned('RS256', ['ES256'])).toBe('algorithm')
  })

  it('of RSA is dropped below 2048 bits, above 8192, and with an even modulus', () => {
    const rsa = { kty: 'RSA', alg: 'RS256', e: 'AQAB' }
    expect(faultOf({ ...rsa, n: modulus(1024) })).toBe('weak')
    expect(faultOf({ ...rsa, n: modulus(2047) })).toBe('weak')
    expect(faultOf({ ...rsa, n: modulus(2048) })).toBe('taken')
    expect(faultOf({ ...rsa, n: modulus(8192) })).toBe('taken')
    expect(faultOf({ ...rsa, n: modulus(8193) })).toBe('weak')
    const padded = base64url.encode(Uint8Array.from([0, 0, ...base64url.decode(modulus(2047))]))
    expect(faultOf({ ...rsa, n: padded })).toBe('weak')
    const even = base64url.decode(modulus(2048)).with(-1, 0xfe)
    expect(faultOf({ ...rsa, n: base64url.encode(even) })).toBe('weak')
  })

  it('of RSA is dropped with an exponent that anybody signs for, or that only costs', () => {
    const rsa = { kty: 'RSA', alg: 'RS256', n: modulus(2048) }
    expect(faultOf({ ...rsa, e: number(1) })).toBe('weak')
    expect(faultOf({ ...rsa, e: number(0, 0, 1) })).toBe('weak')
    expect(faultOf({ ...rsa, e: number(2) })).toBe('weak')
    expect(faultOf({ ...rsa, e: number(0) })).toBe('shape')
    expect(faultOf({ ...rsa, e: number(1, 0, 0, 0, 1) })).toBe('weak')
    expect(faultOf({ ...rsa, e: number(3) })).toBe('taken')
    expect(faultOf({ ...rsa, e: number(1, 0, 1) })).toBe('taken')
  })

  it.each([
    ['a missing coordinate', { y: undefined }],
    ['a coordinate that is a number', { x: 5 }],
    ['a coordinate of another curve', { x: base64url.encode(new Uint8Array(48)) }],
    ['padding', { x: `${base64url.encode(new Uint8Array(32))}=` }],
    ['white space', { x: ` ${base64url.encode(new Uint8Array(32))}` }],
    ['the other alphabet', { x: '+'.repeat(43) }],
    ['bits that mean nothing', { x: `${'A'.repeat(42)}B` }],
  ])('with %s is dropped', (_, more) => {
    expect(faultOf({ ...keys.ES256, ...more })).toBe('shape')
  })

  it.each(['ES256', 'ES384', 'ES512'])(
    'of %s that is no point of its curve does not come through the import',
    async (alg) => {
      const x = base64url.decode(String(keys[alg]?.x))
      const off = { ...keys[alg], x: base64url.encode(x.with(-1, (x.at(-1) ?? 0) ^ 1)) }
      const read = readJwk(off, ALL)
      expect(read.ok && (await importVerifyKey(read.jwk))).toBeUndefined()
    },
  )

  it('has no name if that is no text of at most 256 characters', () => {
    for (const kid of [1, null, {}, ['a'], 'x'.repeat(257)]) {
      const read = readJwk({ ...keys.ES256, kid }, ALL)
      expect(read.ok && 'kid' in read.jwk).toBe(false)
    }
    for (const kid of ['__proto__', '', '../../dev/null', 'x'.repeat(256)]) {
      expect(readJwk({ ...keys.ES256, kid }, ALL)).toMatchObject({ ok: true, jwk: { kid } })
    }
  })

  it('never makes the reader throw, whatever it is', () => {
    const member = fc.constantFrom(
      'kty',
      'crv',
      'x',
      'y',
      'n',
      'e',
      'alg',
      'use',
      'key_ops',
      'kid',
      'd',
      '__proto__',
    )
    const value = fc.oneof(
      fc.anything(),
      fc.constantFrom('RSA', 'EC', 'OKP', 'P-256', 'Ed25519', 'RS256', 'sig', 'AQAB', ['verify']),
    )
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(member, value)), (jwk) => {
        const read = readJwk(jwk, ALL)
        if (read.ok) expect(ALL).toContain(read.jwk.alg)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('an Ed25519 key of small order', () => {
  // The points of order 1, 2, 4 and 8 (RFC 7748 section 4.1), each with its other spellings.
  const small = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ]
  it.each(small)('%s is dropped', (hex) => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(hex, 'hex').toString('base64url') }
    expect(faultOf(jwk, ['EdDSA'])).toBe('weak')
  })

  it('is told from honest keys', async () => {
    for (let i = 0; i < 20; i++) {
      const { publicKey } = await generateKeyPair('EdDSA', { extractable: true })
      expect(hasSmallOrder(base64url.decode(String((await exportJWK(publicKey)).x)))).toBe(false)
    }
  })
})
