/** Field lines in the order and spelling of the wire; values are latin1 text, one character a byte. */
export type Fields = [name: string, value: string][]

export interface Head {
  startLine: string
  fields: Fields
  /** The exact bytes, up to and including the empty line. */
  bytes: Buffer
}

/** How many body bytes follow a head: a count, chunks, nothing, or everything until the connection ends. */
export type Framing = { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'until-close' }

export interface DecodedBody {
  body: Buffer
  trailers: Fields
  /** Bytes of the input that the body took. */
  taken: number
}

const EMPTY_LINE = Buffer.from('\r\n\r\n')

/** Splits one head off the front; undefined while the empty line has not arrived. */
export function takeHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf(EMPTY_LINE)
  if (end < 0) return undefined
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  return { startLine, fields: lines.map(fieldOf), bytes: Buffer.from(bytes.subarray(0, end + 4)) }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]
}

/** All values of a field, in order; `name` in lower case. */
export function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
}

/** RFC 9112 section 6.3, for a peer that is trusted to frame correctly. */
export function framingOf(fields: Fields, otherwise: Framing): Framing {
  const coding = valuesOf(fields, 'transfer-encoding').join(', ').toLowerCase()
  if (coding.endsWith('chunked')) return { kind: 'chunked' }
  const [length] = valuesOf(fields, 'content-length')
  if (length === undefined) return otherwise
  if (!/^\d+$/.test(length)) throw new Error(`content-length is not a number: ${length}`)
  return { kind: 'length', bytes: Number(length) }
}

/** Decodes a body; undefined while bytes are missing. `ended` tells that the peer will send no more. */
export function takeBody(bytes: Buffer, framing: Framing, ended: boolean): DecodedBody | undefined {
  if (framing.kind === 'chunked') return takeChunks(bytes)
  if (framing.kind === 'until-close') {
    return ended ? { body: Buffer.from(bytes), trailers: [], taken: bytes.length } : undefined
  }
  if (bytes.length < framing.bytes) return undefined
  return { body: Buffer.from(bytes.subarray(0, framing.bytes)), trailers: [], taken: framing.bytes }
}

function takeChunks(bytes: Buffer): DecodedBody | undefined {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const line = bytes.toString('latin1', at, lineEnd)
    const size = Number.parseInt(line, 16)
    if (Number.isNaN(size)) throw new Error(`chunk size is not a number: ${line}`)
    at = lineEnd + 2
    if (size === 0) return takeTrailers(bytes, at, chunks)
    if (bytes.length < at + size + 2) return undefined
    chunks.push(bytes.subarray(at, at + size))
    at += size + 2
  }
}

function takeTrailers(bytes: Buffer, from: number, chunks: Buffer[]): DecodedBody | undefined {
  const trailers: Fields = []
  let at = from
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const line = bytes.toString('latin1', at, lineEnd)
    at = lineEnd + 2
    if (line === '') return { body: Buffer.concat(chunks), trailers, taken: at }
    trailers.push(fieldOf(line))
  }
}
