import { createServer, type Socket } from 'node:net'
import { type Fields, framingOf, type Head, takeBody, takeHead, valuesOf } from './framing.ts'

export interface RecordedRequest {
  method: string
  target: string
  /** In the order and spelling of the wire. */
  headers: Fields
  /** Every value of a field, in order; `name` in lower case. */
  values(name: string): string[]
  /** The exact bytes up to and including the empty line. */
  head: Buffer
  /** Decoded from Content-Length or chunks; empty until `complete`. */
  body: Buffer
  trailers: Fields
  /** False while the body is under way, and for good when the connection was dropped before it. */
  complete: boolean
  /** Milliseconds since the epoch when the head was whole. */
  at: number
  /** Counts connections from 1. */
  connection: number
}

/** `half-answer` announces the whole body, sends half of it and closes. */
export type Fault = 'drop-before-read' | 'drop-after-read' | 'hang' | 'half-answer'

export interface Behaviour {
  /** @default 200 */
  status?: number
  /** Content-Length is added unless one of these frames the answer. @default JSON content type */
  headers?: [name: string, value: string][]
  /** @default '{"ok":true}' */
  body?: string | Uint8Array
  /** Wait between the whole request and the answer. @default 0 */
  delayMs?: number
  fault?: Fault
}

export interface Origin {
  port: number
  /** `http://127.0.0.1:<port>` */
  url: string
  requests: RecordedRequest[]
  /** Forgets recorded requests and pending behaviours. */
  clear(): void
  /** Shapes the next `times` requests, after those shaped before. @default 1 */
  behave(behaviour: Behaviour, times?: number): void
  /** Resolves with the n-th request (counted from 1) once it is whole or dropped. */
  waitForRequest(n: number, timeoutMs: number): Promise<RecordedRequest>
  close(): Promise<void>
}

/** A recording HTTP/1.1 server on a bare socket, because `node:http` hides what arrived. */
export async function startOrigin(options: { port?: number } = {}): Promise<Origin> {
  const requests: RecordedRequest[] = []
  const settled = new Set<RecordedRequest>()
  const waiters = new Set<() => void>()
  const sockets = new Set<Socket>()
  let plan: { behaviour: Behaviour; left: number }[] = []
  let connections = 0

  const nextBehaviour = (): Behaviour => {
    const [first] = plan
    if (!first) return {}
    first.left -= 1
    if (first.left <= 0) plan.shift()
    return first.behaviour
  }
  const settle = (request: RecordedRequest): void => {
    settled.add(request)
    for (const wake of waiters) wake()
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    connections += 1
    const connection = connections
    let pending: Buffer = Buffer.alloc(0)
    let current: { request: RecordedRequest; behaviour: Behaviour } | undefined
    let answering = false

    const advance = (): void => {
      if (answering || socket.destroyed) return
      if (!current) {
        const head = takeHead(pending)
        if (!head) return
        pending = pending.subarray(head.bytes.length)
        current = { request: recordOf(head, connection), behaviour: nextBehaviour() }
        requests.push(current.request)
      }
      const { request, behaviour } = current
      if (behaviour.fault === 'drop-before-read') {
        socket.resetAndDestroy()
        settle(request)
        return
      }
      const decoded = takeBody(pending, framingOf(request.headers, { kind: 'length', bytes: 0 }), false)
      if (!decoded) return
      pending = pending.subarray(decoded.taken)
      Object.assign(request, { body: decoded.body, trailers: decoded.trailers, complete: true })
      settle(request)
      if (behaviour.fault === 'drop-after-read') socket.destroy()
      if (behaviour.fault === 'hang' || socket.destroyed) return
      answering = true
      setTimeout(() => {
        const last = answer(socket, request, behaviour)
        answering = false
        current = undefined
        if (!last) advance()
      }, behaviour.delayMs ?? 0)
    }

    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      try {
        advance()
      } catch {
        socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      }
    })
    // While an answer is due the peer may still be reading; otherwise its FIN ends the connection.
    socket.on('end', () => {
      if (!answering) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the origin has no TCP port')

  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    requests,
    clear: () => {
      requests.length = 0
      plan = []
    },
    behave: (behaviour, times = 1) => void plan.push({ behaviour, left: times }),
    waitForRequest: (n, timeoutMs) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const request = requests[n - 1]
          if (!request || !settled.has(request)) return
          clearTimeout(timer)
          waiters.delete(check)
          resolve(request)
        }
        const timer = setTimeout(() => {
          waiters.delete(check)
          reject(new Error(`the origin has ${requests.length} requests, not ${n}, after ${timeoutMs} ms`))
        }, timeoutMs)
        waiters.add(check)
        check()
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function recordOf(head: Head, connection: number): RecordedRequest {
  const [method = '', target = ''] = head.startLine.split(' ')
  return {
    method,
    target,
    headers: head.fields,
    values: (name) => valuesOf(head.fields, name),
    head: head.bytes,
    body: Buffer.alloc(0),
    trailers: [],
    complete: false,
    at: Date.now(),
    connection,
  }
}

/** Writes the answer; true when the connection ends with it. */
function answer(socket: Socket, request: RecordedRequest, behaviour: Behaviour): boolean {
  const { status = 200, headers = [['Content-Type', 'application/json']], fault } = behaviour
  const body = Buffer.from(behaviour.body ?? '{"ok":true}')
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  const bodiless = request.method === 'HEAD' || status === 204 || status === 304
  if (!framed && status !== 204) lines.push(`Content-Length: ${body.length}\r\n`)
  const last =
    fault === 'half-answer' ||
    [...request.values('connection'), ...valuesOf(headers, 'connection')].some((v) => /\bclose\b/i.test(v))
  socket.write(Buffer.from(`HTTP/1.1 ${status} Recorded\r\n${lines.join('')}\r\n`, 'latin1'))
  if (!bodiless) socket.write(fault === 'half-answer' ? body.subarray(0, body.length >> 1) : body)
  if (last) socket.end()
  return last
}
