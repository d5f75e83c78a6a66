import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHex, encodeHex } from '../../../src/lib/hex.ts'

describe('decodeHex', () => {
  test('reads both cases and writes lower case', () => {
    expect(decodeHex('00ffAbCd')).toEqual(new Uint8Array([0, 255, 0xab, 0xcd]))
    expect(encodeHex(new Uint8Array([0, 9, 10, 255]))).toBe('00090aff')
    expect(decodeHex('')).toEqual(new Uint8Array())
  })

  test.each([
    ['an odd number of digits', 'abc'],
    ['a 0x prefix', '0xab'],
    ['a space between pairs', 'ab cd'],
    ['a trailing newline', 'ab\n'],
    ['a letter past f', 'ag'],
    ['the character before 0', '/0'],
    ['the character after 9', '0:'],
    ['the character before A', '@0'],
    ['the character before a', '`0'],
    ['full-width digits', '１２'],
    ['a character whose low byte is a digit', 'ıİ'],
    ['a sign', '-1'],
  ])('refuses %s', (_, text) => {
    expect(decodeHex(text)).toBeUndefined()
  })

  test('gives back all bytes, and accepts a text only if it is their hex', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeHex(encodeHex(bytes))).toEqual(bytes)
      }),
    )
    const near = fc.string({ unit: fc.constantFrom(...'0129afAFg:/@` \nxé') })
    fc.assert(
      fc.property(near, (text) => {
        const bytes = decodeHex(text)
        expect(bytes !== undefined).toBe(/^(?:[0-9a-fA-F]{2})*$/.test(text))
        if (bytes) expect(encodeHex(bytes)).toBe(text.toLowerCase())
      }),
    )
  })
})
