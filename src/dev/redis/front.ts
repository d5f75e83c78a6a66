import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Listening, listen } from '../http.ts'
import { type Answer, deliver, send } from './answer.ts'
import { PATHS, type Path, readCommands, Unreadable } from './commands.ts'
import { ConnectionLost, connectTo } from './connection.ts'
import { execute } from './execute.ts'
import { Faults } from './faults.ts'
import { type Monitor, startMonitor } from './monitor.ts'
import { type Encoding, plain, toJson } from './reply.ts'
import { Scripts } from './scripts.ts'

export type { Fault, FaultPlan, Faults } from './faults.ts'
export type { Monitor, MonitorLine } from './monitor.ts'

export interface RedisFrontOptions {
  /** On 127.0.0.1. @default 0, which lets the system choose */
  port?: number
  /** Of the redis-server. */
  socketPath: string
  /** What clients send as `authorization: Bearer <token>`. */
  token: string
  /** Changes each script right before it runs, also one that is run by its SHA-1. */
  rewriteScript?: (source: string) => string
}

/** A request that arrived, whatever became of it. */
export interface FrontCall {
  path: string
  /** Empty where the body holds none. */
  commands: string[][]
  /** In milliseconds since the epoch. */
  at: number
  authorized: boolean
}

/** Upstash's REST protocol over a real redis-server. */
export interface RedisFront extends Listening {
  /** The latest 10,000. */
  calls: FrontCall[]
  faults: Faults
  /** Sees every command that Redis runs, those of `raw` too. */
  monitor(): Promise<Monitor>
  /** Runs a command on a connection of its own, past the protocol; an error of Redis rejects. */
  raw(command: readonly string[]): Promise<unknown>
  /** Ends every connection and refuses new ones. */
  refuseConnections(): Promise<void>
  /** Listens on the same port again. */
  acceptAgain(): Promise<void>
}

/** Upstash's cap of one request on its free and pay-as-you-go plans. */
const MAX_BODY_BYTES = 10 * 1024 * 1024
/** The latest calls are kept for whoever tests with them. */
const KEPT_CALLS = 10_000

/** Serves POST /, /pipeline and /multi-exec; Redis need not answer yet. Rejects with the system's error where the port is taken. */
export async function startRedisFront(options: RedisFrontOptions): Promise<RedisFront> {
  const redis = connectTo(options.socketPath)
  const direct = connectTo(options.socketPath)
  const scripts = new Scripts(options.rewriteScript)
  const faults = new Faults()
  const calls: FrontCall[] = []
  const closing = new AbortController()
  const expected = digest(`Bearer ${options.token}`)

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const at = Date.now()
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const authorized = timingSafeEqual(digest(request.headers.authorization ?? ''), expected)
    const body = await readBody(request)
    // What a stranger sends is neither parsed nor kept.
    const read = body === undefined || !authorized ? undefined : commandsOf(path, body)
    const commands = Array.isArray(read) ? read : []
    calls.push({ path, commands, at, authorized })
    if (calls.length > KEPT_CALLS) calls.shift()

    if (!authorized) return send(response, failure(401, 'WRONGPASS invalid or missing auth token'))
    if (!isPath(path)) {
      return send(response, failure(404, `ERR only POST to ${PATHS.join(', ')} is offered here`))
    }
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST')
      return send(response, failure(405, 'ERR use POST'))
    }
    if (body === undefined) {
      return send(response, failure(413, `ERR max request size exceeded. Limit: ${MAX_BODY_BYTES} bytes`))
    }
    if (read instanceof Unreadable) return send(response, failure(400, read.message))

    const encoding: Encoding = request.headers['upstash-encoding'] === 'base64' ? 'base64' : 'plain'
    await deliver({
      fault: faults.take(commands),
      response,
      listed: path === '/' ? undefined : commands.length,
      closing: closing.signal,
      execute: () => run(path, commands, encoding),
    })
  }

  const run = async (path: Path, commands: string[][], encoding: Encoding): Promise<Answer> => {
    try {
      const outcomes = await execute(path, commands, redis, scripts)
      if (Array.isArray(outcomes)) {
        return { status: 200, body: outcomes.map((outcome) => toJson(outcome, encoding)) }
      }
      return { status: 'error' in outcomes ? 400 : 200, body: toJson(outcomes, encoding) }
    } catch (error) {
      if (error instanceof ConnectionLost) return failure(503, `ERR ${error.message}`)
      throw error
    }
  }

  const raw = async (command: readonly string[]): Promise<unknown> => {
    const [reply = null] = await direct.send([command])
    if (reply instanceof Error) throw reply
    return plain(reply)
  }

  let listening = await listen(options.port ?? 0, handle)
  const { url } = listening
  return {
    url,
    calls,
    faults,
    raw,
    monitor: () => startMonitor(options.socketPath, raw),
    refuseConnections: () => listening.close(),
    async acceptAgain() {
      listening = await listen(Number(new URL(url).port), handle)
    },
    async close() {
      closing.abort()
      redis.close()
      direct.close()
      await listening.close()
    },
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function isPath(path: string): path is Path {
  return PATHS.some((known) => known === path)
}

function commandsOf(path: string, body: string): string[][] | Unreadable | undefined {
  if (!isPath(path)) return undefined
  try {
    return readCommands(path, body)
  } catch (error) {
    if (error instanceof Unreadable) return error
    throw error
  }
}

function failure(status: number, error: string): Answer {
  return { status, body: { error } }
}

/** The text of a body; undefined where it is longer than the cap, read to its end so that the answer arrives. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
    else chunks.length = 0
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8')
}
