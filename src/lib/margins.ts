import { concatBytes, utf8 } from './digest.ts'

/** Bytes before and behind a body that are nobody's: what a scheme signs around it is written there, and the body is copied nowhere. */
export const MARGIN_BYTES = 512

/** Buffers with free bytes at both ends. Any other may hold something beside the view that one sees of it. */
const roomy = new WeakSet<ArrayBufferLike>()

/** An empty view of so many bytes, with a margin before and behind it. */
export const withMargins = (bytes: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(bytes + 2 * MARGIN_BYTES), MARGIN_BYTES, bytes)

/** Says that a view came back from where `withMargins` went: a reader may have moved it into a buffer of its own. */
export function keepMargins(view: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (view.byteOffset === MARGIN_BYTES) roomy.add(view.buffer)
  return view
}

/**
 * The bytes between two texts. ASCII goes into the margins of the bytes, where they have any and it fits: it takes the place of
 * what the last call wrote there. Else all is copied.
 */
export function around(
  before: string,
  bytes: Uint8Array<ArrayBuffer>,
  after: string,
): Uint8Array<ArrayBuffer> {
  if (before === '' && after === '') return bytes
  const start = bytes.byteOffset - before.length
  const length = before.length + bytes.length + after.length
  if (start >= 0 && start + length <= bytes.buffer.byteLength && roomy.has(bytes.buffer)) {
    const whole = new Uint8Array(bytes.buffer, start, length)
    if (writeAscii(before, whole, 0) && writeAscii(after, whole, length - after.length)) return whole
  }
  return concatBytes(utf8(before), bytes, utf8(after))
}

/** False for a text that is not ASCII. Most are, and a call of the encoder costs more. */
function writeAscii(text: string, into: Uint8Array, at: number): boolean {
  let all = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    all |= code
    into[at + i] = code
  }
  return all < 128
}
