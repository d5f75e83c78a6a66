import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signatureBase } from '../../../src/origin/base.ts'
import { fromBase64, toBase64 } from '../../../src/origin/base64.ts'
import { splitDictionary } from '../../../src/origin/dictionary.ts'
import { importSigningKey, type ProofParts, signBase } from '../../../src/origin/sign.ts'
import { createVerifier } from '../../../src/origin/verify.ts'
import { ASSERTED, CREATED, header, NOW, type Signed, signed, TEST_KEYS, verifierOptions } from './proofs.ts'

// RFC 9421 appendix B.2: the test request, created 1618884473.
const DATE = 'Tue, 20 Apr 2021 02:07:55 GMT'

describe('gives the known answers of RFC 9421', () => {
  it('appendix B.2.5, HMAC-SHA256', async () => {
    const secret = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=='
    const base = signatureBase(
      ['date', '@authority', 'content-type'],
      [DATE, 'example.com', 'application/json'],
      '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    )
    const key = await importSigningKey(`test-shared-secret:hmac-sha256:${secret}`)
    expect(toBase64(await signBase(key, base))).toBe('pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=')
  })

  it('appendix B.2.6, Ed25519', async () => {
    const names = ['date', '@method', '@path', '@authority', 'content-type', 'content-length']
    const base = signatureBase(
      names,
      [DATE, 'POST', '/foo', 'example.com', 'application/json', '18'],
      '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    )
    expect(toBase64(await signBase(await importSigningKey(TEST_KEYS.ed25519), base))).toBe(
      'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==',
    )
  })
})

describe('refuses to sign', () => {
  const parts = (more: Partial<ProofParts>): Signed => ({ parts: more })
  it.each<[string, Signed]>([
    ['a value with a non-ASCII byte', { headers: { 'x-subject': 'usér' } }],
    ['a Content-Type with a non-ASCII byte', { headers: { 'content-type': 'text/plän' } }],
    ['an asserted header that is not there', parts({ asserted: [...ASSERTED, 'x-tenant'] })],
    ['an asserted header twice', parts({ asserted: [...ASSERTED, 'x-subject'] })],
    ['an upper-case name', parts({ asserted: [...ASSERTED, 'X-Tenant'] })],
    ['a name with an underscore', parts({ asserted: [...ASSERTED, 'x_tenant'] })],
    ['Via', parts({ asserted: [...ASSERTED, 'via'] })],
    ['without the id', parts({ asserted: ASSERTED.filter((name) => name !== 'sallyport-id') })],
    ['without the public host', parts({ asserted: ASSERTED.filter((name) => name !== 'sallyport-host') })],
    ['without the route', parts({ asserted: ASSERTED.filter((name) => name !== 'sallyport-route') })],
    ['a digest of another length', parts({ digest: new Uint8Array(20) })],
    ['a streamed body that the headers do not mark', parts({ digest: 'streamed' })],
    ['a body with a digest marked as streamed', { headers: { 'sallyport-body': 'streamed' } }],
    [
      'a streamed body without its length',
      {
        headers: { 'sallyport-body': 'streamed' },
        ...parts({ digest: 'streamed', asserted: [...ASSERTED, 'sallyport-body'] }),
      },
    ],
    ['for longer than five minutes', parts({ expires: CREATED + 301 })],
    ['for no time', parts({ expires: CREATED })],
    ['milliseconds with a fraction', parts({ created: 1.5 })],
    ['a clock that stands at zero', parts({ created: 0 })],
    ['a short nonce', parts({ nonce: 'AAAA' })],
    ['a method in lower case', { method: 'post' }],
    ['a destination that is not http', parts({ url: 'ftp://origin.example/' })],
  ])('%s', async (_, options) => {
    const error = await signed(options).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toMatch(/^TypeError: proof: (?!.*(?:usér|plän))/)
  })
})

it('draws a fresh nonce of 16 bytes when none is given', async () => {
  const nonce = async () => {
    const { nonce: _, ...rest } = { nonce: '', digest: 'empty' as const }
    const sent = await signed({ parts: { ...rest, nonce: undefined as unknown as string } })
    return /nonce="([^"]*)"/.exec(header(sent, 'signature-input'))?.[1] ?? ''
  }
  const [first, second] = [await nonce(), await nonce()]
  expect(fromBase64(first)).toHaveLength(16)
  expect(first).not.toBe(second)
})

describe('is not misled by a client-sent signature field', () => {
  const verifier = createVerifier(verifierOptions())

  it.each([
    ['our label', 'sallyport=();tag="sallyport-v1"', ''],
    ['our label between others', 'a=1, sallyport=("x" "y");z, b;q=2', 'a=1, b;q=2, '],
    ['an open string', 'a="', ''],
    ['an open list', 'a=("x"', ''],
    ['a comma at the end', 'a=1,', ''],
    ['a label in upper case', 'Sallyport=1', ''],
    ['more than 4096 characters', `a="${'x'.repeat(4096)}"`, ''],
  ])('%s', async (_, field, kept) => {
    const sent = await signed({ headers: { 'signature-input': field, signature: field } })
    expect(header(sent, 'signature-input').startsWith(`${kept}sallyport=("@method"`)).toBe(true)
    expect(header(sent, 'signature').startsWith(`${kept}sallyport=:`)).toBe(true)
    expect(await verifier.verify(sent, NOW)).toMatchObject({ ok: true })
  })

  it('any field at all', async () => {
    const piece = fc.constantFrom(
      'sallyport',
      'a',
      '=',
      ';',
      ',',
      '"',
      '\\',
      '(',
      ')',
      ' ',
      ':',
      '\t',
      'é',
      '1',
    )
    const field = fc.oneof(
      fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join('')),
      fc.string({ unit: 'binary-ascii' }).map((text) => text.replace(/[\0\r\n]/g, '')),
    )
    await fc.assert(
      fc.asyncProperty(field, field, async (input, signature) => {
        const sent = await signed({ headers: { 'signature-input': input, signature } })
        expect(await verifier.verify(sent, NOW)).toMatchObject({ ok: true })
      }),
      { numRuns: 500 },
    )
  })
})

describe('splitDictionary', () => {
  it('cuts at the commas between members and at no other', () => {
    expect(splitDictionary('a=("x" "y");n="1,2\\"," , b;q=1,c')).toEqual([
      ['a', '=("x" "y");n="1,2\\","'],
      ['b', ';q=1'],
      ['c', ''],
    ])
  })

  it.each([
    '',
    ' ',
    ',',
    'a,',
    ',a',
    'a,,b',
    'A=1',
    'a=(',
    'a=)',
    'a=(()',
    'a=(())',
    'a=)(',
    'a="',
    'a="\\x"',
    'a=é',
    'a=1\n',
    'a(b)',
    '1=2',
  ])('refuses %j', (field) => {
    expect(splitDictionary(field)).toBeUndefined()
  })

  it('reads what it has read in the same way again', () => {
    const piece = fc.constantFrom('a', 'b', '=', ';', ',', '"', '\\', '(', ')', ' ', ':', '1')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const members = splitDictionary(pieces.join(''))
        if (members)
          expect(splitDictionary(members.map(([label, text]) => label + text).join(', '))).toEqual(members)
      }),
      { numRuns: 2000 },
    )
  })
})

it('base64 has one text for each value', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (bytes, text) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      expect(fromBase64(toBase64(bytes))).toEqual(bytes)
      const read = fromBase64(text)
      if (read) expect(toBase64(read)).toBe(text)
    }),
  )
  for (const text of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AA==\n', 'AA-_', 'AA==AA=='])
    expect(fromBase64(text)).toBeUndefined()
})
