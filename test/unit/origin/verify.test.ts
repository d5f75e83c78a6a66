import { describe, expect, it } from 'vitest'
import { createVerifier, memorySeenSet } from '../../../src/origin/index.ts'
import { readVerificationKey } from '../../../src/origin/keys.ts'
import { importSigningKey } from '../../../src/origin/sign.ts'
import {
  AUTHORITY,
  CREATED,
  header,
  NOW,
  replaceIn,
  signed,
  TEST_KEYS,
  utf8,
  verifierOptions,
  withHeader,
} from './proofs.ts'

const verifier = createVerifier(verifierOptions())
const secondHmac = `next:hmac-sha256:${btoa('n'.repeat(32))}`
const asserted = {
  'sallyport-host': 'api.example.com',
  'sallyport-id': '0199-a',
  'sallyport-route': 'POST /tenants/:tenant/orders',
  'x-subject': 'user-7',
}

describe('accepts', () => {
  it.each(['hmac', 'ed25519'] as const)(
    'a request signed with %s, and says what the gateway asserts',
    async (name) => {
      expect(await verifier.verify(await signed({ key: TEST_KEYS[name] }), NOW)).toEqual({
        ok: true,
        keyId: `test-${name}`,
        id: '0199-a',
        host: 'api.example.com',
        route: 'POST /tenants/:tenant/orders',
        asserted,
      })
    },
  )

  it('either key while one is being rotated, and only those', async () => {
    const rotating = createVerifier({ authority: AUTHORITY, keys: [TEST_KEYS.hmac, secondHmac] })
    expect(await rotating.verify(await signed(), NOW)).toMatchObject({ ok: true, keyId: 'test-hmac' })
    expect(await rotating.verify(await signed({ key: secondHmac }), NOW)).toMatchObject({
      ok: true,
      keyId: 'next',
    })
    expect(await rotating.verify(await signed({ key: TEST_KEYS.ed25519 }), NOW)).toMatchObject({ ok: false })
  })

  it.each([
    ['https://origin.example:8443/', '/'],
    ['https://origin.example:8443/a?', '/a?'],
    ['https://origin.example:8443/a?', '/a'],
    ['https://ORIGIN.example:8443/a%2fb;v=1?q=%C3%A4&r', '/a%2fb;v=1?q=%C3%A4&r'],
  ])('%s received as %s', async (url, target) => {
    expect(await verifier.verify({ ...(await signed({ url })), target }, NOW)).toMatchObject({ ok: true })
  })

  it.each([
    ['https://api.example:443/x', 'api.example'],
    ['http://api.example:80/x', 'API.example'],
    ['http://[::1]:8080/x', '[::1]:8080'],
    ['https://b.example/x', ['a.example', 'b.example']],
  ])('%s at an origin that knows itself as %s', async (url, authority) => {
    const own = createVerifier(verifierOptions({ authority }))
    expect(await own.verify(await signed({ url }), NOW)).toMatchObject({ ok: true })
  })

  it('an empty body without a Content-Type', async () => {
    const none = await signed({ method: 'GET', body: new Uint8Array(), parts: { digest: 'empty' } })
    expect(header(none, 'content-digest')).toBe('sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:')
    expect(await verifier.verify(none, NOW)).toMatchObject({ ok: true })
  })

  it('the first and the last second of the window', async () => {
    const sent = await signed()
    for (const second of [CREATED - 60, CREATED + 60]) {
      expect(await verifier.verify(sent, new Date(second * 1000))).toMatchObject({ ok: true })
    }
  })

  it('white space around a value that a proxy added', async () => {
    expect(await verifier.verify(withHeader(await signed(), 'x-subject', ' user-7\t'), NOW)).toMatchObject({
      ok: true,
    })
  })

  it('headers as Headers, as Node objects and as pairs', async () => {
    const sent = await signed()
    const distinct = Object.fromEntries(sent.headers.map(([name, value]) => [name, [value]]))
    for (const headers of [
      new Headers(sent.headers),
      Object.fromEntries(sent.headers),
      distinct,
      sent.headers,
    ]) {
      expect(await verifier.verify({ ...sent, headers }, NOW)).toMatchObject({ ok: true, asserted })
    }
  })

  it('a streamed body by its length where the origin says so', async () => {
    const headers = {
      'sallyport-body': 'streamed',
      'content-length': '13',
      'content-digest': 'sha-256=:client:',
    }
    const names = [...Object.keys(asserted), 'sallyport-body']
    const sent = await signed({ headers, parts: { digest: 'streamed', asserted: names } })
    const lenient = createVerifier(verifierOptions({ unsafeAcceptStreamedBody: true }))
    expect(header(sent, 'content-digest')).toBe('')
    expect(await lenient.verify(sent, NOW)).toMatchObject({
      ok: true,
      asserted: { 'sallyport-body': 'streamed' },
    })
  })
})

describe('keeps apart what is covered and what is not', () => {
  it('leaves a header that the proof does not cover out of asserted', async () => {
    const sent = await signed()
    const verdict = await verifier.verify(withHeader(sent, 'x-role', 'root'), NOW)
    expect(verdict).toMatchObject({ ok: true, asserted })
    expect(verdict.ok && verdict.asserted['x-role']).toBeUndefined()
    expect(verdict.ok && verdict.asserted.constructor).toBeUndefined()
  })

  it('lets the signature of another label pass by untouched', async () => {
    const foreign = {
      'signature-input': 'sig1=("@method" "x";sf);nonce="a,b\\"";x, sig2',
      signature: 'sig1=:AA==:, sig2',
    }
    const sent = await signed({ headers: foreign })
    expect(header(sent, 'signature-input').startsWith(`${foreign['signature-input']}, sallyport=(`)).toBe(
      true,
    )
    expect(header(sent, 'signature').startsWith(`${foreign.signature}, sallyport=:`)).toBe(true)
    expect(await verifier.verify(sent, NOW)).toMatchObject({ ok: true })
    const changed = replaceIn(sent, 'signature', 'sig1=:AA==:', 'sig1=:BB==:')
    expect(await verifier.verify(changed, NOW)).toMatchObject({ ok: true })
  })
})

describe('claims the nonce', () => {
  it('accepts a request once', async () => {
    const once = createVerifier(verifierOptions({ seen: memorySeenSet({ maxEntries: 10 }) }))
    const sent = await signed()
    const verdicts = await Promise.all([
      once.verify(sent, NOW),
      once.verify(sent, NOW),
      once.verify(sent, NOW),
    ])
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await once.verify(sent, NOW)).toEqual({ ok: false, reason: 'replayed' })
  })

  it('does not burn a nonce for a request that was tampered with', async () => {
    const asked: string[] = []
    const seen = (nonce: string) => asked.push(nonce) > 1
    const once = createVerifier(verifierOptions({ seen }))
    const sent = await signed()
    expect(await once.verify({ ...sent, method: 'PUT' }, NOW)).toMatchObject({ ok: false })
    expect(await once.verify({ ...sent, body: utf8('{}') }, NOW)).toMatchObject({ ok: false })
    expect(asked).toEqual([])
    expect(await once.verify(sent, NOW)).toMatchObject({ ok: true })
  })
})

describe('refuses options at load', () => {
  it.each([
    ['no authority', { authority: [] }],
    ['an empty authority', { authority: '' }],
    ['a URL as authority', { authority: 'https://origin.example' }],
    ['a default port', { authority: 'origin.example:443' }],
    ['no keys', { keys: [] }],
    ['one key id twice', { keys: [TEST_KEYS.hmac, TEST_KEYS.hmac] }],
    ['a private key', { keys: [TEST_KEYS.ed25519] }],
    ['a negative skew', { maxSkewSeconds: -1 }],
    ['a skew that is not a number', { maxSkewSeconds: Number.NaN }],
    ['a required header that is never asserted', { required: ['Host'] }],
  ])('%s', (_, options) => {
    expect(() => createVerifier(verifierOptions(options))).toThrow(TypeError)
  })
})

describe('refuses key text without quoting it', () => {
  const short = btoa('SECRETSECRETSECRETSECRETSECRET!')
  it.each([
    '',
    'SECRET',
    `k1:hmac-sha256:${short}`,
    'k1:hmac-sha256:SECRET',
    `k1:hmac-sha512:${btoa('SECRET'.repeat(8))}`,
    `k 1:hmac-sha256:${btoa('SECRET'.repeat(8))}`,
    `${'k'.repeat(65)}:hmac-sha256:${btoa('SECRET'.repeat(8))}`,
    `k1:hmac-sha256:${btoa('SECRET'.repeat(8))}\n`,
    `k1:hmac-sha256:${btoa('x'.repeat(32)).replace(/=+$/, '')}`,
    `k1:ed25519:${btoa('SECRET'.repeat(8))}`,
    `k1:ed25519-public:${btoa('SECRET'.repeat(8))}`,
    'k1:ed25519-public:SECRETAA',
  ])('%j', async (text) => {
    const errors = [
      await importSigningKey(text).then(String, (error: unknown) => error),
      await new Promise((resolve) => resolve(readVerificationKey(text))).then(
        String,
        (error: unknown) => error,
      ),
    ]
    // Ed25519 texts are good for one side only, or for none; no other text is good for either.
    const refusals = errors.filter((error) => error instanceof TypeError).length
    expect(refusals).toBeGreaterThanOrEqual(text.includes('ed25519:') ? 1 : 2)
    for (const error of errors) expect(String(error)).not.toMatch(/SECRET|U0VDUkVU|\bk ?1\b|kkk/)
  })

  it('that is no text at all', async () => {
    await expect(importSigningKey(undefined as unknown as string)).rejects.toThrow(TypeError)
  })
})
