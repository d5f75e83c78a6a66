import { expect, it } from 'vitest'
import { around, keepMargins, MARGIN_BYTES, withMargins } from '../../src/lib/margins.ts'

// A fact about workerd: a reader hands a view back at the offset that it was given, in a buffer of the same size that nobody else has.
it('leaves the margins around what a reader has read', async () => {
  const body = new Response('{"id":1}').body as ReadableStream
  const reader = body.getReader({ mode: 'byob' })
  const { value } = (await reader.readAtLeast(9, withMargins(9))) as { value: Uint8Array<ArrayBuffer> }
  expect([value.byteOffset, value.length]).toEqual([MARGIN_BYTES, 8])
  const whole = around('1800000000.', keepMargins(value), '.1')
  expect(new TextDecoder().decode(whole)).toBe('1800000000.{"id":1}.1')
  expect(whole.buffer).toBe(value.buffer)
})
