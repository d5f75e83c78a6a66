import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { importPems, readPems } from '../../../src/keys/pem.ts'
import { readCertificate } from '../../../src/lib/der.ts'

/** The certificates that Node trusts: of many makers, with RSA and EC keys, of versions 1 and 3. */
const certificates = rootCertificates.map((pem) => new X509Certificate(pem))
const [some] = certificates as [X509Certificate, ...X509Certificate[]]
const spkiOf = (der: Uint8Array) => readCertificate(new Uint8Array(der))?.spki
const element = (tag: number, ...content: Uint8Array[]): Uint8Array => {
  const bytes = content.flatMap((part) => [...part])
  if (bytes.length > 127) throw new Error('too long for a test')
  return new Uint8Array([tag, bytes.length, ...bytes])
}
const time = (text: string) => element(0x17, new TextEncoder().encode(text))
const [sequence, integer, bits] = [element(0x30), element(0x02, new Uint8Array([1])), element(0x03)]
const validity = element(0x30, time('260101000000Z'), time('270101000000Z'))
const key = element(0x30, integer)
const made = (...parts: Uint8Array[]) => element(0x30, element(0x30, ...parts), sequence, bits)
const before = [integer, sequence, sequence, validity, sequence]

describe('the public key of a certificate', () => {
  it('is the one that Node finds, for every certificate that Node trusts', () => {
    expect(certificates.length).toBeGreaterThan(100)
    for (const certificate of certificates) {
      const own = certificate.publicKey.export({ type: 'spki', format: 'der' })
      expect(Buffer.from(spkiOf(certificate.raw) ?? [])).toEqual(own)
    }
  })

  it('is imported as the key of the family that it is', async () => {
    const families = new Set<string>()
    for (const { publicKey, raw } of certificates) {
      const { kty = '', crv = 'RSA' } = publicKey.export({ format: 'jwk' })
      const base64 = raw.toString('base64')
      const pems = readPems(`-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`)
      if (!pems.ok) throw new Error(pems.fault)
      const read = await importPems(pems.pems, ['RS256', 'ES256', 'ES384', 'ES512'])
      families.add(crv)
      const keys = read.ok ? [...read.set.byAlgorithm.values()].flat() : []
      expect(keys.map(({ key }) => key.algorithm)).toMatchObject([
        kty === 'RSA' ? { name: 'RSASSA-PKCS1-v1_5' } : { name: 'ECDSA', namedCurve: crv },
      ])
    }
    expect([...families].sort()).toEqual(['P-256', 'P-384', 'P-521', 'RSA'])
  })

  it('stands there with and without a version', () => {
    expect(spkiOf(made(...before, key))).toEqual(key)
    expect(spkiOf(made(element(0xa0, integer), ...before, key))).toEqual(key)
  })

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a tag alone', new Uint8Array([0x30])],
    ['bytes after the certificate', new Uint8Array([...some.raw, 0])],
    ['an indefinite length', new Uint8Array([0x30, 0x80, ...made(integer).slice(2), 0, 0])],
    ['a length of more bytes than it needs', new Uint8Array([0x30, 0x81, 2, 0x30, 0])],
    ['a length of four bytes', new Uint8Array([0x30, 0x84, 0, 0, 0, 2, 0x30, 0])],
    ['a length of 126 bytes', new Uint8Array(200).fill(0xfe).fill(0x30, 0, 1)],
    ['a public key instead of a certificate', some.publicKey.export({ type: 'spki', format: 'der' })],
    ['no key', made(...before)],
    ['a key that is no sequence', made(...before, integer)],
    ['a missing part', made(integer, sequence, sequence, validity, key)],
    ['two versions', made(element(0xa0), element(0xa0), ...before, key)],
    ['a part that reaches beyond its own', new Uint8Array([0x30, 4, 0x30, 2, 0x02, 9])],
  ])('is not found in %s', (_, bytes) => {
    expect(spkiOf(bytes)).toBeUndefined()
  })

  it('is not found in a certificate that is cut, wherever it is', () => {
    for (let length = 0; length < some.raw.length; length++) {
      expect(spkiOf(some.raw.subarray(0, length))).toBeUndefined()
    }
  })

  it('is a part of the bytes or nothing, whatever they are', () => {
    fc.assert(
      fc.property(fc.nat(some.raw.length - 1), fc.nat(255), (at, byte) => {
        const bytes = new Uint8Array(some.raw)
        bytes[at] = byte
        const found = spkiOf(bytes)
        expect(found === undefined || Buffer.from(bytes).includes(found)).toBe(true)
      }),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        spkiOf(bytes)
      }),
    )
  })
})
