import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { fixedKeys } from '../../../src/keys/index.ts'
import { publicJwk, testMeans } from './keys.ts'

const algorithms = ['ES256', 'RS256']
let jwk: JWK
beforeAll(async () => {
  jwk = await publicJwk('ES256', { kid: 'a' })
})

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsaPem = other.publicKey.export({ type: 'spki', format: 'pem' }).toString()
// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=issuer.test
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBgjCCASmgAwIBAgIUFjJnAfCUSzL+vpd4X5WxOGVflpUwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLaXNzdWVyLnRlc3QwIBcNMjYxMTIyMDk0NTQ4WhgPMjEyNjEw
MjkwOTQ1NDhaMBYxFDASBgNVBAMMC2lzc3Vlci50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEcZPM+97fKTN6ssPIlk8Bf0lLe0ZUsZ6K6dXSO4QtAoELhm6J
7wkAvCH5nTBSDTXw6gbmITWu+hi0IR8/nytg6qNTMFEwHQYDVR0OBBYEFC6J2tZt
I+MI7aDMrYcCirmQB7H0MB8GA1UdIwQYMBaAFC6J2tZtI+MI7aDMrYcCirmQB7H0
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgL28fMTd3xW0YHVR+
uaESaJ5gMh0F0vzfHxbAwsJG0I0CIFpnG0ZIarJ5P7R/xePCqfLnMWIq3zNbhsBS
f2zrkJ8m
-----END CERTIFICATE-----`

const find = (
  source: ReturnType<typeof fixedKeys>,
  wanted: { kid?: string; algorithm?: string } = {},
  env: Record<string, unknown> = {},
) => source.find({ kid: undefined, algorithm: 'ES256', ...wanted }, { ...testMeans().means, env }, Date.now())

describe('a configured set', () => {
  it('has its keys by kid and algorithm', async () => {
    const source = fixedKeys({ set: { keys: [jwk] }, algorithms })
    expect(await find(source, { kid: 'a' })).toMatchObject({ found: 'keys', isStale: false })
    expect(await find(source, { kid: 'b' })).toEqual({ found: 'none' })
    expect(await find(source, { kid: 'a', algorithm: 'RS256' })).toEqual({ found: 'none' })
  })

  it('knows which keys are current once it has been asked', async () => {
    const source = fixedKeys({ set: { keys: [jwk] }, algorithms })
    const found = await find(source, { kid: 'a' })
    const [key] = found.found === 'keys' ? found.keys : []
    expect(source.standing(key?.thumbprint ?? '', Date.now())).toBe('current')
    expect(source.standing('another', Date.now())).toBeUndefined()
  })

  it('drops what is not for signatures', async () => {
    const source = fixedKeys({ set: { keys: [{ ...jwk, use: 'enc', kid: 'e' }, jwk] }, algorithms })
    expect(await find(source, { kid: 'e' })).toEqual({ found: 'none' })
  })

  it.each<[string, () => object, RegExp]>([
    ['no list of keys', () => ({}), /set: .*write \{ keys: \[\.\.\.\] \}/],
    ['a list in place of a set', () => [jwk], /set: is a list without a list of keys/],
    ['no key', () => ({ keys: [] }), /set: has no key for ES256, RS256/],
    ['only keys of other algorithms', () => ({ keys: [{ ...jwk, alg: 'ES384' }] }), /dropped by algorithm/],
    [
      'a private key',
      () => ({ keys: [jwk, { ...jwk, d: 'AA' }] }),
      /set: holds a private or secret key; write/,
    ],
    ['a shared secret', () => ({ keys: [{ kty: 'oct', k: 'AA' }] }), /set: holds a private or secret key/],
  ])('with %s is refused at load', (_, set, message) => {
    expect(() => fixedKeys({ set: set(), algorithms })).toThrow(message)
    expect(() => fixedKeys({ set: set(), algorithms })).toThrow(TypeError)
  })
})

describe('a configured PEM', () => {
  it('is a key for the first algorithm that it fits, whatever kid a token has', async () => {
    const source = fixedKeys({ pem, algorithms })
    expect(await find(source, { kid: 'whatever' })).toMatchObject({ found: 'keys', keys: { length: 1 } })
    expect(await find(source)).toMatchObject({ found: 'keys' })
    expect(await find(source, { algorithm: 'RS256' })).toEqual({ found: 'none' })
  })

  it('may be a certificate', async () => {
    const found = await find(fixedKeys({ pem: CERTIFICATE, algorithms }))
    const [key] = found.found === 'keys' ? found.keys : []
    const own = createPublicKey(CERTIFICATE).export({ format: 'jwk' })
    expect(await crypto.subtle.exportKey('jwk', key?.key as CryptoKey)).toMatchObject({ x: own.x, y: own.y })
  })

  it('may be two, of one algorithm or of two', async () => {
    const next = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const two = fixedKeys({ pem: `${pem}\n${next.export({ type: 'spki', format: 'pem' })}`, algorithms })
    expect(await find(two)).toMatchObject({ keys: { length: 2 } })
    const mixed = fixedKeys({ pem: `\n${pem}${rsaPem}\n`, algorithms })
    expect(await find(mixed, { algorithm: 'RS256' })).toMatchObject({ keys: { length: 1 } })
  })

  it.each<[string, string, RegExp]>([
    [
      'a private key',
      pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      /holds a private key/,
    ],
    ['an old private key', pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString(), /private key/],
    [
      'a key in the form of RSA alone',
      other.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      /neither a PUBLIC KEY \(SPKI\) nor a CERTIFICATE/,
    ],
    ['nothing', '', /is no PEM text/],
    ['a path', './key.pem', /is no PEM text/],
    ['text before it', `key:\n${pem}`, /is no PEM text/],
    ['text behind it', `${pem}key`, /is no PEM text/],
    ['a line that is cut off', pem.replace(/=*\n-----END/, 'A\n-----END'), /no strict base64/],
    ['three keys', pem + pem + pem, /more than two keys/],
    ['no end', pem.split('-----END')[0] ?? '', /is no PEM text/],
  ])('with %s is refused at load', (_, text, message) => {
    expect(() => fixedKeys({ pem: text, algorithms })).toThrow(message)
  })

  it('that no algorithm fits is unavailable, and says so', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    for (const text of [
      rsaPem,
      short.export({ type: 'spki', format: 'pem' }).toString(),
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----',
    ]) {
      const source = fixedKeys({ pem: text, algorithms: text === rsaPem ? ['ES256'] : algorithms })
      expect(await find(source)).toMatchObject({
        found: 'unavailable',
        reason: expect.stringMatching(/^(a configured PEM|the key set)/),
      })
    }
  })
})

describe('keys in a variable', () => {
  const source = () => fixedKeys({ variable: 'KEYS', algorithms })

  it('are a set or PEM text', async () => {
    const set = JSON.stringify({ keys: [jwk] })
    expect(await find(source(), { kid: 'a' }, { KEYS: set })).toMatchObject({ found: 'keys' })
    expect(await find(source(), { kid: 'b' }, { KEYS: set })).toEqual({ found: 'none' })
    expect(await find(source(), { kid: 'b' }, { KEYS: pem })).toMatchObject({ found: 'keys' })
  })

  it('are read again when they change', async () => {
    const keys = source()
    await find(keys, {}, { KEYS: rsaPem })
    expect(await find(keys, {}, { KEYS: rsaPem })).toEqual({ found: 'none' })
    expect(await find(keys, {}, { KEYS: pem })).toMatchObject({ found: 'keys' })
  })

  it.each<[string, unknown, string]>([
    ['not set', undefined, 'the variable of the keys is not set'],
    ['no text', {}, 'the variable of the keys is not set'],
    ['too long', 'x'.repeat(70_000), 'the variable of the keys is too long'],
    ['no PEM', 'x', 'the variable of the keys is no PEM text'],
    ['no JSON', '{', 'the key set is no strict JSON: syntax'],
    ['an empty set', '{"keys":[]}', 'the key set has no usable key'],
  ])('that are %s are unavailable', async (_, KEYS, reason) => {
    expect(await find(source(), {}, { KEYS })).toEqual({
      found: 'unavailable',
      retryAfterSeconds: 60,
      reason,
    })
  })
})

describe('fixedKeys', () => {
  it('takes exactly one place', () => {
    expect(() => fixedKeys({ algorithms })).toThrow(/set, pem, variable: are not one; write/)
    expect(() => fixedKeys({ algorithms, pem, variable: 'KEYS' })).toThrow(/are not one/)
  })

  it('takes algorithms with public keys only', () => {
    expect(() => fixedKeys({ algorithms: ['HS256'], pem })).toThrow(
      /'HS256' is not an algorithm with public keys/,
    )
    expect(() => fixedKeys({ algorithms: [], pem })).toThrow(/algorithms: is missing/)
  })
})
