import { expect, it } from 'vitest'
import { HEADROOM_BYTES, keepHeadroom, withHeadroom, written } from '../../src/lib/headroom.ts'

// A fact about workerd: a reader hands a view back at the offset that it was given, in a buffer that nobody else has.
it('leaves the headroom before what a reader has read', async () => {
  const body = new Response('{"id":1}').body as ReadableStream
  const reader = body.getReader({ mode: 'byob' })
  const { value } = (await reader.readAtLeast(9, withHeadroom(9))) as { value: Uint8Array<ArrayBuffer> }
  expect([value.byteOffset, value.length]).toEqual([HEADROOM_BYTES, 8])
  const whole = written('1800000000.', keepHeadroom(value)) as Uint8Array
  expect(new TextDecoder().decode(whole)).toBe('1800000000.{"id":1}')
})
