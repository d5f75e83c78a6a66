import { crc32 as zlibs } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32 } from '../../../src/lib/crc32.ts'

it.each([
  ['', 0],
  // The check value of the catalogue of CRCs (reveng, CRC-32/ISO-HDLC).
  ['123456789', 0xcbf43926],
  ['a', 0xe8b7be43],
  ['The quick brown fox jumps over the lazy dog', 0x414fa339],
])('%j has its known CRC, without a sign', (text, known) => {
  expect(crc32(Buffer.from(text))).toBe(known)
})

it('is what zlib computes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => crc32(bytes) === zlibs(bytes)))
})
