import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** Bytes of the documents that steer the playground. */
const MAX_STEERING_BYTES = 65_536

/** Milliseconds for which an idle connection is kept open. */
const KEEP_ALIVE_MS = 600_000

/** What a steering request got wrong; its message is the answer. */
export class BadInput extends Error {}

/** A server of the playground that listens. */
export interface Listening {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  url: string
  /** Ends it at once, open connections included. */
  close(): Promise<void>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Listens on 127.0.0.1; rejects with the system's error (`code: 'EADDRINUSE'`). Port 0 lets the system choose. */
export async function listen(port: number, handle: Handler): Promise<Listening> {
  const server = createServer((request, response) => {
    handle(request, response).catch((error) => {
      const told = error instanceof BadInput
      if (response.headersSent) response.destroy()
      else sendJson(response, told ? 400 : 500, { error: told ? error.message : 'the playground failed' })
    })
  })
  // A client that keeps a connection must not find it closed at the moment in which it sends.
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return { url: `http://127.0.0.1:${portOf(server)}`, close: () => closeServer(server) }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  return closed
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value)
  const bodiless = status === 204 || status === 304
  response.writeHead(status, bodiless ? {} : { 'content-type': 'application/json' })
  response.end(bodiless ? undefined : text)
}

/** Refuses a method that a playground path does not take. */
export function sendMethodNotAllowed(response: ServerResponse, allowed: string): void {
  response.setHeader('allow', allowed)
  sendJson(response, 405, { error: `use ${allowed}` })
}

/**
 * Reads a JSON object with no members but `known`; an empty body is an empty object.
 * @throws {BadInput} saying what is wrong with it.
 */
export async function readObject(
  request: IncomingMessage,
  known: readonly string[],
): Promise<Record<string, unknown>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > MAX_STEERING_BYTES) throw new BadInput(`the body is longer than ${MAX_STEERING_BYTES} bytes`)
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  const value = text.trim() === '' ? {} : parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadInput(`the body must be a JSON object with members of: ${known.join(', ')}`)
  }
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw new BadInput(`'${name}' is not known; use ${known.join(', ')}`)
  }
  return value as Record<string, unknown>
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BadInput('the body is not JSON')
  }
}

/** A whole number within bounds, or `fallback` where the member is absent. */
export function wholeNumber<T extends number | undefined>(
  members: Readonly<Record<string, unknown>>,
  name: string,
  bounds: { min: number; max: number; fallback: T },
): number | T {
  const value = members[name]
  if (value === undefined) return bounds.fallback
  if (
    typeof value === 'number' &&
    Number.isSafeInteger(value) &&
    value >= bounds.min &&
    value <= bounds.max
  ) {
    return value
  }
  throw new BadInput(`'${name}' must be a whole number from ${bounds.min} to ${bounds.max}`)
}
