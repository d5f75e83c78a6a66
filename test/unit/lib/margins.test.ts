import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { around, keepMargins, MARGIN_BYTES, withMargins } from '../../../src/lib/margins.ts'

/** A body as the gateway reads it. */
function bodyOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text)
  const body = keepMargins(withMargins(bytes.length))
  body.set(bytes)
  return body
}
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const ascii = fc.string({ unit: 'binary-ascii', maxLength: MARGIN_BYTES })

describe('texts around a body', () => {
  test('are written into its margins, and the body stays where and what it is', () => {
    fc.assert(
      fc.property(ascii, fc.string(), ascii, (before, text, after) => {
        const body = bodyOf(text)
        const whole = around(before, body, after)
        expect(textOf(whole)).toBe(before + Buffer.from(text).toString() + after)
        expect(whole.buffer).toBe(body.buffer)
        expect(textOf(body)).toBe(Buffer.from(text).toString())
      }),
    )
  })

  test('take the place of others that were there before', () => {
    const body = bodyOf('{}')
    around('a longer text.', body, 'and one behind')
    expect(textOf(around('1.', body, '?'))).toBe('1.{}?')
  })

  test('are the body itself where there are none', () => {
    const body = bodyOf('{}')
    expect(around('', body, '')).toBe(body)
  })

  const long = 'x'.repeat(MARGIN_BYTES + 1)
  test.each([
    ['before it are longer than its margin', long, bodyOf('{}'), ''],
    ['behind it are longer than its margin', '', bodyOf('{}'), long],
    ['before it are not ASCII', 'é.', bodyOf('{}'), '.1'],
    ['behind it are not ASCII', '1.', bodyOf('{}'), '.é'],
    ['are around a body without margins', '1.', new Uint8Array([123, 125]), '.1'],
  ])('that %s are in a copy', (_, before, body, after) => {
    const whole = around(before, body, after)
    expect(textOf(whole)).toBe(`${before}{}${after}`)
    expect(whole.buffer).not.toBe(body.buffer)
    expect(textOf(body)).toBe('{}')
  })

  test.each([0, MARGIN_BYTES])(
    'never touch what a buffer of somebody else’s holds beside a view at %i',
    (at) => {
      const all = new Uint8Array(new ArrayBuffer(2 * MARGIN_BYTES + 2)).fill(7)
      const body = all.subarray(at, at + 2)
      expect(textOf(around('1.', keepMargins(body.slice()), '.1'))).toBe(`1.${textOf(body)}.1`)
      expect(textOf(around('1.', body, '.1'))).toBe(`1.${textOf(body)}.1`)
      expect(all.every((byte) => byte === 7)).toBe(true)
    },
  )
})
