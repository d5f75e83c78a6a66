/** Bytes before a body that are nobody's: what a scheme signs before it is written there, and the body is copied nowhere. */
export const HEADROOM_BYTES = 512

/** Buffers whose first bytes are free. Any other may hold something before the view that one sees of it. */
const roomy = new WeakSet<ArrayBufferLike>()

/** An empty view of so many bytes, with headroom before it. */
export const withHeadroom = (bytes: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(HEADROOM_BYTES + bytes), HEADROOM_BYTES)

/** Says that a view came back from where `withHeadroom` went: a reader may have moved it into a buffer of its own. */
export function keepHeadroom(view: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (view.byteOffset === HEADROOM_BYTES) roomy.add(view.buffer)
  return view
}

/**
 * An ASCII text and the bytes behind it, in the headroom of the bytes; undefined where there is none, or not enough, or where the text is not
 * ASCII. A second text takes the place of the first.
 */
export function written(text: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const at = bytes.byteOffset - text.length
  if (at < 0 || !roomy.has(bytes.buffer)) return undefined
  const whole = new Uint8Array(bytes.buffer, at, text.length + bytes.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return undefined
    whole[i] = code
  }
  return whole
}
