import { connect, type Socket } from 'node:net'
import { type Fields, framingOf, type Head, takeBody, takeHead } from './framing.ts'

export interface RawAnswer {
  /** 0 when the connection ended, or was aborted, before a whole head arrived. */
  status: number
  /** Lower-case name to every value, in order. */
  headers: Map<string, string[]>
  /** The head as latin1 text, byte for byte. */
  head: string
  /** Body with Content-Length and chunks taken off. */
  body: Buffer
  text: string
  /** Status codes of the 1xx answers that came before, 101 excepted. */
  interim: number[]
  /** False when the connection ended inside the body. */
  complete: boolean
  /** True when the peer closed or reset the connection, or announced that with `Connection: close`. */
  closed: boolean
  /** Bytes that followed the answer: a second answer here means that one request was taken for two. */
  rest: Buffer
}

export interface RawSocket {
  socket: Socket
  write(bytes: string | Uint8Array): void
  /** Sends FIN and goes on reading. */
  halfClose(): void
  /** Sends RST, as a client that crashed. */
  reset(): void
  /** Closes from this side. */
  close(): void
  /** Parses the next answer. Throws after `timeoutMs`. @default 10000 */
  readAnswer(options?: { timeoutMs?: number; toHead?: boolean }): Promise<RawAnswer>
  /** True once the peer has closed or reset; false when it has not within `timeoutMs`. */
  waitForClose(timeoutMs: number): Promise<boolean>
}

export interface SendOptions {
  /** @default 10000 */
  timeoutMs?: number
  /** Send FIN after the bytes. @default false */
  halfClose?: boolean
  /** Send RST after so many milliseconds and hand back what has arrived. */
  abortAfterMs?: number
}

export interface RawRequest {
  method: string
  target: string
  /** Written as given: no lower case, no trimming, no Host added. */
  headers: [name: string, value: string | Uint8Array][]
  /** Adds Content-Length unless `headers` frames the body already. */
  body?: string | Uint8Array
}

// Long enough for a FIN or a second answer that left together with the first.
const LINGER_MS = 25

/** Composes a request without any normalisation; text is latin1 except the body, which is UTF-8. */
export function request({ method, target, headers, body }: RawRequest): Uint8Array {
  const parts: Uint8Array[] = [latin1(`${method} ${target} HTTP/1.1\r\n`)]
  for (const [name, value] of headers) {
    parts.push(latin1(`${name}: `), typeof value === 'string' ? latin1(value) : value, latin1('\r\n'))
  }
  const payload = typeof body === 'string' ? Buffer.from(body) : body
  const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  if (payload && !framed) parts.push(latin1(`Content-Length: ${payload.length}\r\n`))
  parts.push(latin1('\r\n'))
  if (payload) parts.push(payload)
  return Buffer.concat(parts)
}

/** Writes exactly these bytes on a new connection and reads one answer; throws when none comes in time. */
export async function send(
  port: number,
  bytes: string | Uint8Array,
  options: SendOptions = {},
): Promise<RawAnswer> {
  const wire = typeof bytes === 'string' ? latin1(bytes) : bytes
  const connection = await openSocket(port)
  const abort =
    options.abortAfterMs === undefined
      ? undefined
      : setTimeout(() => connection.reset(), options.abortAfterMs)
  try {
    connection.write(wire)
    if (options.halfClose) connection.halfClose()
    const toHead = Buffer.from(wire.subarray(0, 5)).toString('latin1') === 'HEAD '
    return await connection.readAnswer({ toHead, timeoutMs: options.timeoutMs ?? 10_000 })
  } finally {
    clearTimeout(abort)
    connection.close()
  }
}

/** Opens a connection for slow, pipelining and resetting clients. */
export async function openSocket(port: number): Promise<RawSocket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  let received: Buffer = Buffer.alloc(0)
  let ended = false
  let wake = (): void => {}
  const finish = (): void => {
    ended = true
    wake()
  }
  // A reset while writing is an answer of its own kind: it is reported by `closed`, not thrown.
  socket.on('error', finish).on('end', finish).on('close', finish)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    wake()
  })
  const changed = (untilMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, untilMs - performance.now()))
      wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })

  async function readAnswer({ timeoutMs = 10_000, toHead = false } = {}): Promise<RawAnswer> {
    const until = performance.now() + timeoutMs
    const interim: number[] = []
    for (;;) {
      const parsed = parseAnswer(received, toHead, ended)
      if (parsed && parsed.status >= 100 && parsed.status < 200 && parsed.status !== 101) {
        interim.push(parsed.status)
        received = received.subarray(parsed.taken)
        continue
      }
      if (parsed) {
        received = received.subarray(parsed.taken)
        const lingerUntil = performance.now() + LINGER_MS
        while (!ended && parsed.status !== 101 && (await changed(lingerUntil)));
        const announced = parsed.headers.get('connection')?.some((value) => /\bclose\b/i.test(value)) ?? false
        return { ...parsed, interim, closed: ended || announced, rest: Buffer.from(received) }
      }
      if (!ended && !(await changed(until))) {
        throw new Error(
          `no whole answer after ${timeoutMs} ms; got ${JSON.stringify(received.toString('latin1', 0, 200))}`,
        )
      }
    }
  }

  return {
    socket,
    write: (bytes) => void socket.write(typeof bytes === 'string' ? latin1(bytes) : bytes),
    halfClose: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    close: () => void socket.destroy(),
    readAnswer,
    waitForClose: async (timeoutMs) => {
      const until = performance.now() + timeoutMs
      while (!ended && (await changed(until)));
      return ended
    },
  }
}

type Parsed = Omit<RawAnswer, 'interim' | 'closed' | 'rest'> & { taken: number }

function parseAnswer(bytes: Buffer, toHead: boolean, ended: boolean): Parsed | undefined {
  const head = takeHead(bytes)
  if (!head) {
    if (!ended) return undefined
    return answerOf(0, undefined, Buffer.from(bytes), false, bytes.length)
  }
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head.startLine)?.[1])
  if (Number.isNaN(status)) throw new Error(`not an HTTP/1.1 status line: ${head.startLine}`)
  const bodiless = toHead || status < 200 || status === 204 || status === 304
  const framing = bodiless
    ? ({ kind: 'length', bytes: 0 } as const)
    : framingOf(head.fields, { kind: 'until-close' })
  const after = bytes.subarray(head.bytes.length)
  const decoded = takeBody(after, framing, ended)
  if (decoded) return answerOf(status, head, decoded.body, true, head.bytes.length + decoded.taken)
  return ended ? answerOf(status, head, Buffer.from(after), false, bytes.length) : undefined
}

function answerOf(
  status: number,
  head: Head | undefined,
  body: Buffer,
  complete: boolean,
  taken: number,
): Parsed {
  const headText = head?.bytes.toString('latin1') ?? ''
  return {
    status,
    headers: multiMap(head?.fields ?? []),
    head: headText,
    body,
    text: body.toString(),
    complete,
    taken,
  }
}

function multiMap(fields: Fields): Map<string, string[]> {
  const map = new Map<string, string[]>()
  for (const [name, value] of fields) {
    const key = name.toLowerCase()
    map.set(key, [...(map.get(key) ?? []), value])
  }
  return map
}

function latin1(text: string): Buffer {
  const at = [...text].findIndex((character) => character > '\xff')
  if (at >= 0) throw new TypeError(`character ${at} is outside latin1: give the bytes instead`)
  return Buffer.from(text, 'latin1')
}
