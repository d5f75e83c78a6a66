import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readProofKey } from '../../../../src/credentials/dpop/key.ts'
import { es256, pairFor, sha256Of, signer, thumbprintOf } from './proofs.ts'

const ec = es256.jwk
const rsa = signer('RS256').jwk
const okp = signer('Ed25519').jwk

test.each([
  ['ES256', ec],
  ['RS256', rsa],
  ['PS256', rsa],
  ['EdDSA', okp],
  ['Ed25519', okp],
])('reads a key for %s, and only its public members', (alg, jwk) => {
  const key = readProofKey({ ...jwk, kid: 'k', ext: true, use: 'sig', key_ops: ['verify'], alg }, alg)
  expect(key?.jwk).toEqual(jwk)
  expect(sha256Of(key?.canonical ?? '')).toBe(thumbprintOf(jwk))
})

test('takes the thumbprint of RFC 7638 section 3.1', () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
  const key = readProofKey({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' }, 'RS256')
  expect(sha256Of(key?.canonical ?? '')).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
})

describe('refuses', () => {
  test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])('a key with the private member %s', (name) => {
    expect(readProofKey({ ...ec, [name]: 'AQ' }, 'ES256')).toBeUndefined()
    expect(readProofKey({ ...ec, [name]: null }, 'ES256')).toBeUndefined()
  })

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', JSON.stringify(ec)],
    ['a list', [ec]],
    ['a symmetric key', { kty: 'oct', k: 'AQAB' }],
    ['a key without kty', { ...ec, kty: undefined }],
    ['another kty', { ...ec, kty: 'RSA' }],
    ['kty in other letters', { ...ec, kty: 'ec' }],
    ['another curve', { ...ec, crv: 'P-384' }],
    ['no curve', { ...ec, crv: undefined }],
    ['a coordinate that is missing', { ...ec, y: undefined }],
    ['a coordinate that is a number', { ...ec, x: 5 }],
    ['a coordinate that is short', { ...ec, x: Buffer.alloc(31).toString('base64url') }],
    ['a coordinate that is long', { ...ec, x: Buffer.alloc(33).toString('base64url') }],
    ['padding', { ...ec, x: `${ec.x}=` }],
    ['a quote in a coordinate', { ...ec, x: `${String(ec.x).slice(1)}"` }],
    ['another algorithm', { ...ec, alg: 'ES384' }],
    ['a key for encryption', { ...ec, use: 'enc' }],
    ['a key that does not verify', { ...ec, key_ops: ['sign'] }],
    ['key_ops that is a text', { ...ec, key_ops: 'verify' }],
  ])('%s', (_, jwk) => {
    expect(readProofKey(jwk, 'ES256')).toBeUndefined()
  })

  // With the sign of x and without it, and as other numbers of the field.
  test.each([
    '00'.repeat(32),
    `${'00'.repeat(31)}80`,
    `01${'00'.repeat(31)}`,
    `01${'00'.repeat(30)}80`,
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ])('a point of small order, under which anybody can sign: %s', (hex) => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(hex, 'hex').toString('base64url') }
    expect(readProofKey(jwk, 'EdDSA')).toBeUndefined()
    expect(readProofKey(jwk, 'Ed25519')).toBeUndefined()
  })

  test('the key of another algorithm', () => {
    expect(readProofKey(rsa, 'ES256')).toBeUndefined()
    expect(readProofKey(ec, 'RS256')).toBeUndefined()
    expect(readProofKey(okp, 'ES256')).toBeUndefined()
    expect(readProofKey(signer('ES384').jwk, 'ES256')).toBeUndefined()
    expect(readProofKey({ ...okp, crv: 'X25519' }, 'EdDSA')).toBeUndefined()
    expect(readProofKey({ ...okp, crv: 'Ed448' }, 'EdDSA')).toBeUndefined()
    expect(readProofKey(ec, 'constructor')).toBeUndefined()
  })
})

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const modulus = Buffer.from(String(rsa.n), 'base64url')

describe('of RSA keys', () => {
  test.each([1024, 2040])('refuses %i bits', (bits) => {
    const jwk = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' })
    expect(readProofKey(jwk, 'RS256')).toBeUndefined()
  })

  test('takes 4096 bits and refuses one more', () => {
    const largest = Buffer.alloc(512, 0xff)
    expect(readProofKey({ ...rsa, n: text(largest) }, 'RS256')?.signatureBytes).toBe(512)
    const longer = Buffer.alloc(513, 0xff)
    longer[0] = 1
    expect(readProofKey({ ...rsa, n: text(longer) }, 'RS256')).toBeUndefined()
  })

  test('counts bits, not bytes', () => {
    const smaller = Buffer.from(modulus)
    smaller[0] = 0x7f
    expect(readProofKey({ ...rsa, n: text(smaller) }, 'RS256')).toBeUndefined()
  })

  test.each([
    ['1', [1]],
    ['0', [0]],
    ['an even one', [1, 0, 2]],
    ['five bytes', [1, 0, 0, 0, 1]],
    ['a zero in front', [0, 1, 0, 1]],
    ['none', []],
  ])('refuses the exponent %s', (_, e) => {
    expect(readProofKey({ ...rsa, e: text(new Uint8Array(e)) }, 'RS256')).toBeUndefined()
  })

  test('takes the exponent 3', () => {
    expect(readProofKey({ ...rsa, e: 'Aw' }, 'RS256')).toBeDefined()
  })

  test('refuses an even modulus and one with a zero in front', () => {
    const even = Buffer.from(modulus)
    even[even.length - 1] = 2
    expect(readProofKey({ ...rsa, n: text(even) }, 'RS256')).toBeUndefined()
    expect(readProofKey({ ...rsa, n: text(Buffer.concat([Buffer.of(0), modulus])) }, 'RS256')).toBeUndefined()
  })

  test('takes 3072 bits', () => {
    const jwk = pairFor('RS256', 3072).publicKey.export({ format: 'jwk' })
    expect(readProofKey(jwk, 'PS256')?.signatureBytes).toBe(384)
  })
})
