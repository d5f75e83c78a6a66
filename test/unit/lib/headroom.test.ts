import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HEADROOM_BYTES, keepHeadroom, withHeadroom, written } from '../../../src/lib/headroom.ts'

/** A body as the gateway reads it. */
function bodyOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text)
  const body = keepHeadroom(withHeadroom(bytes.length))
  body.set(bytes)
  return body
}
const textOf = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()

describe('a text before a body', () => {
  test('is written into the headroom, and the body stays where and what it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary-ascii', maxLength: HEADROOM_BYTES }),
        fc.string(),
        (before, after) => {
          const body = bodyOf(after)
          const whole = written(before, body)
          expect(textOf(whole)).toBe(before + Buffer.from(after).toString())
          expect(whole?.buffer).toBe(body.buffer)
          expect(textOf(body)).toBe(Buffer.from(after).toString())
        },
      ),
    )
  })

  test('takes the place of one that was there before', () => {
    const body = bodyOf('{}')
    written('a longer text.', body)
    expect(textOf(written('1.', body))).toBe('1.{}')
  })

  test.each([
    ['that is longer than the headroom', 'x'.repeat(HEADROOM_BYTES + 1), bodyOf('{}')],
    ['that is not ASCII', 'é.', bodyOf('{}')],
    ['of a body without headroom', '1.', new Uint8Array([123, 125])],
  ])('%s is not written', (_, before, body) => {
    expect(written(before, body)).toBeUndefined()
    expect(body.at(-1)).toBe(125)
  })

  test('never touches what stands before a view of a buffer that is somebody else’s', () => {
    const buffer = new ArrayBuffer(HEADROOM_BYTES + 2)
    const theirs = new Uint8Array(buffer, 0, HEADROOM_BYTES).fill(7)
    const body = new Uint8Array(buffer, HEADROOM_BYTES, 2)
    expect(written('1.', body)).toBeUndefined()
    expect(theirs.every((byte) => byte === 7)).toBe(true)
  })
})
