import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, sign, verify, X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rawEcdsaSignature, readCertificate } from '../../../src/lib/der.ts'
import { selfSigned } from '../../../src/testing/certificate.ts'
import { vectorFileOf } from '../webhooks/every/providers.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const derOf = (pem: string) => new Uint8Array(new X509Certificate(pem).raw)

describe('an ECDSA signature in DER', () => {
  it('becomes r and s side by side, as node:crypto has them', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    for (let round = 0; round < 200; round++) {
      const message = Buffer.from(`message ${round}`)
      const raw = rawEcdsaSignature(new Uint8Array(sign('sha256', message, privateKey)), 32)
      expect(raw).toBeDefined()
      const signature = Buffer.from(raw ?? [])
      expect(verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    }
  })

  it('keeps short numbers at their places', () => {
    const raw = rawEcdsaSignature(hex('30 06 02 01 01 02 01 7f'), 2)
    expect(raw).toEqual(hex('0001 007f'))
    expect(rawEcdsaSignature(hex('30 07 02 02 00 80 02 01 7f'), 2)).toEqual(hex('0080 007f'))
  })

  it.each([
    ['nothing', ''],
    ['an empty sequence', '30 00'],
    ['one number', '30 03 02 01 01'],
    ['three numbers', '30 09 02 01 01 02 01 01 02 01 01'],
    ['a byte after the end', '30 06 02 01 01 02 01 7f 00'],
    ['a byte inside after the numbers', '30 07 02 01 01 02 01 7f 00'],
    ['a length beyond the end', '30 07 02 01 01 02 01 7f'],
    ['a length in its long form that fits the short one', '30 81 06 02 01 01 02 01 7f'],
    ['an indefinite length', '30 80 02 01 01 02 01 7f 00 00'],
    ['a set in place of the sequence', '31 06 02 01 01 02 01 7f'],
    ['a text in place of a number', '30 06 0c 01 01 02 01 7f'],
    ['a zero', '30 06 02 01 00 02 01 7f'],
    ['a number without bytes', '30 05 02 00 02 01 7f'],
    ['a negative number', '30 06 02 01 80 02 01 7f'],
    ['a leading zero for nothing', '30 07 02 02 00 01 02 01 7f'],
    ['a number that is too long', '30 08 02 03 01 00 00 02 01 7f'],
  ])('is none: %s', (_, text) => {
    expect(rawEcdsaSignature(hex(text), 2)).toBeUndefined()
  })

  it('has one spelling: what is changed is other numbers, or no signature', () => {
    const der = hex('30 08 02 02 12 34 02 02 56 78')
    fc.assert(
      fc.property(fc.nat({ max: der.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        fc.pre(der[at] !== byte)
        const changed = der.slice()
        changed[at] = byte
        expect(rawEcdsaSignature(changed, 2)).not.toEqual(hex('1234 5678'))
      }),
    )
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        rawEcdsaSignature(new Uint8Array(bytes), 32)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a certificate in DER', () => {
  const openssl = String(vectorFileOf('aws-sns').sample.bindings?.SNS_CERTIFICATE)

  it('is read as node:crypto reads the one that openssl made', () => {
    const known = new X509Certificate(openssl)
    const read = readCertificate(derOf(openssl))
    expect(Buffer.from(read?.spki ?? [])).toEqual(known.publicKey.export({ type: 'spki', format: 'der' }))
    expect(read?.notBefore).toBe(Date.parse(known.validFrom))
    expect(read?.notAfter).toBe(Date.parse(known.validTo))
  })

  it('is made so for tests that node:crypto takes it', async () => {
    const { certificate } = await selfSigned({ notBefore: '990101000000Z', notAfter: '491231235959Z' })
    const known = new X509Certificate(certificate)
    expect(known.verify(known.publicKey)).toBe(true)
    const read = readCertificate(new Uint8Array(known.raw))
    expect(read).toMatchObject({
      notBefore: Date.UTC(1999, 0, 1),
      notAfter: Date.UTC(2049, 11, 31, 23, 59, 59),
    })
  })

  it('may have its end in four digits of the year', () => {
    const made = execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        '/dev/null',
        '-subj',
        '/CN=t',
        '-days',
        '20000',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    )
    const known = new X509Certificate(made)
    expect(new Date(known.validTo).getUTCFullYear()).toBeGreaterThan(2050)
    expect(readCertificate(new Uint8Array(known.raw))?.notAfter).toBe(Date.parse(known.validTo))
  })

  it('is none when a byte follows, or when it is cut anywhere', () => {
    const der = derOf(openssl)
    expect(readCertificate(new Uint8Array([...der, 0]))).toBeUndefined()
    for (let length = 0; length < der.length; length++)
      expect(readCertificate(der.slice(0, length))).toBeUndefined()
  })

  it.each([
    ['a month that there is not', '261322125409Z'],
    ['the 30th of February', '270230000000Z'],
    ['24 o’clock', '270101240000Z'],
    ['a zone', '2701010000+01'],
    ['no seconds', '2701010000Z00'],
  ])('has no time with %s', (_, text) => {
    const der = Buffer.from(derOf(openssl))
    const at = der.indexOf(Buffer.from([0x17, 13]))
    der.write(text, at + 2, 'latin1')
    expect(readCertificate(new Uint8Array(der))).toBeUndefined()
  })

  it('never throws, whatever one byte is changed to', () => {
    const der = derOf(openssl)
    fc.assert(
      fc.property(fc.nat({ max: der.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const changed = der.slice()
        changed[at] = byte
        readCertificate(changed)
      }),
      { numRuns: 2000 },
    )
  })
})
