import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, sha256, utf8 } from '../../../src/lib/digest.ts'
import { encodeHex } from '../../../src/lib/hex.ts'

test('sha256 knows the vector of FIPS 180-4 and agrees with Node', async () => {
  expect(encodeHex(await sha256(utf8('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), async (bytes) => {
      const expected = createHash('sha256').update(bytes).digest('hex')
      expect(encodeHex(await sha256(new Uint8Array(bytes)))).toBe(expected)
    }),
  )
})

test('sha256 reads only the view, not the buffer behind it', async () => {
  const whole = utf8('xabcx')
  expect(await sha256(whole.subarray(1, 4))).toEqual(await sha256(utf8('abc')))
})

test('utf8 writes four-byte characters, and U+FFFD for half of one', () => {
  expect(encodeHex(utf8('é😀'))).toBe('c3a9f09f9880')
  expect(encodeHex(utf8('\ud83d'))).toBe('efbfbd')
})

test('concatBytes keeps order, views and empty parts, and shares no memory', () => {
  const first = new Uint8Array([9, 1, 2]).subarray(1)
  const whole = concatBytes(first, new Uint8Array(), new Uint8Array([3, 4, 5]), new Uint8Array([6]))
  expect(whole).toEqual(new Uint8Array([1, 2, 3, 4, 5, 6]))
  first[0] = 7
  expect(whole[0]).toBe(1)
  expect(concatBytes()).toEqual(new Uint8Array())
})
