import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../../src/lib/base64url.ts'

describe('base64url', () => {
  it('is read as it is written, byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase64url(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64url'))
        expect(decodeBase64url(text)).toEqual(new Uint8Array(bytes))
      }),
    )
  })

  it('has one text for each value: whatever is read is written the same', () => {
    const characters = fc.constantFrom(...'ABQgwxyz0189-_+/=~. \t\n\u00e9\u0100')
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 12 }), (text) => {
        const bytes = decodeBase64url(text)
        if (bytes) expect(encodeBase64url(bytes)).toBe(text)
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    'A',
    'AB',
    'AAB',
    'AA==',
    'AA=',
    'A A',
    'AA\n',
    ' AA',
    'AA+A',
    'AA/A',
    'AA~A',
    'AA.A',
    'AAé',
    'AAA\u0000',
    'A+A',
    'AAAAA',
    '=',
    'AA\t\tAA\t\t',
    '    AAAA',
  ])('%j is not read', (text) => {
    expect(decodeBase64url(text)).toBeUndefined()
  })
})
