import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64, encodeBase64 } from '../../../src/lib/base64.ts'
import { utf8 } from '../../../src/lib/digest.ts'

describe('decodeBase64', () => {
  // RFC 4648 section 10.
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('knows the vector %j', (plain, encoded) => {
    expect(encodeBase64(utf8(plain))).toBe(encoded)
    expect(decodeBase64(encoded)).toEqual(utf8(plain))
  })

  test.each([
    ['missing padding', 'Zg'],
    ['half the padding', 'Zg='],
    ['too much padding', 'Zm8=='],
    ['padding alone', '===='],
    ['three pad characters', 'Z==='],
    ['padding in the middle', 'Zg==Zg=='],
    ['one pad character in the middle', 'Zm=v'],
    ['a space', 'Zm9v Zg='],
    ['a trailing newline', 'Zm9v\n'],
    ['four newlines', '\n\n\n\n'],
    ['the url alphabet', '-_-_'],
    ['bits left over after one byte', 'Zh=='],
    ['bits left over after two bytes', 'Zm9='],
    ['a character beyond ASCII', 'Zm9é'],
    ['a character whose low byte is in the alphabet', 'Zm9\u0141'],
  ])('refuses %s', (_, text) => {
    expect(decodeBase64(text)).toBeUndefined()
  })

  test('gives back all bytes, as Node reads and writes them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = encodeBase64(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64'))
        expect(decodeBase64(text)).toEqual(bytes)
      }),
    )
  })

  test('accepts a text only if it is the one encoding of its bytes', () => {
    const near = fc.string({ unit: fc.constantFrom(...'AQgwZ019+/=-_ \n'), maxLength: 12 })
    fc.assert(
      fc.property(near, (text) => {
        const bytes = decodeBase64(text)
        const canonical = Buffer.from(text, 'base64').toString('base64') === text
        expect(bytes !== undefined).toBe(canonical)
        if (bytes) expect(encodeBase64(bytes)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })
})
