import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Fault } from './faults.ts'

/** What a request gets where nothing goes wrong. */
export interface Answer {
  status: number
  body: unknown
}

export interface Delivery {
  fault: Fault | undefined
  response: ServerResponse
  /** How many commands the request holds; undefined where its answer is not a list. */
  listed: number | undefined
  /** Aborts waits when the front closes. */
  closing: AbortSignal
  execute(): Promise<Answer>
}

const PAGE = '<!DOCTYPE html><html><head><title>Error</title></head><body>Bad gateway</body></html>'

/** Runs a request and answers it, unless its fault says otherwise. */
export async function deliver({ fault, response, listed, closing, execute }: Delivery): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      return send(response, await execute())
    case 'latency':
      if (await passed(fault.ms, closing)) send(response, await execute())
      return
    case 'late-reply': {
      const answer = await execute()
      if (await passed(fault.ms, closing)) send(response, answer)
      return
    }
    case 'status':
      return sendText(
        response,
        fault.status,
        fault.body ?? JSON.stringify({ error: errorOf(fault.status) }),
        fault.contentType,
      )
    case 'html':
      return sendText(response, 200, PAGE, 'text/html')
    case 'null-result': {
      const none = { result: null }
      return send(response, {
        status: 200,
        body: listed === undefined ? none : Array.from({ length: listed }, () => none),
      })
    }
    case 'closed':
      response.destroy()
      return
    case 'lost-reply':
      await execute()
      response.destroy()
      return
    case 'hang':
      return
    case 'hang-after':
      await execute()
      return
    case 'cut-json': {
      const answer = await execute()
      return sendText(response, answer.status, firstHalf(JSON.stringify(answer.body)))
    }
    case 'truncated': {
      const answer = await execute()
      const text = JSON.stringify(answer.body)
      response.writeHead(answer.status, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      })
      // Only when the first half has left may the connection end, or the client would see no answer at all.
      response.write(firstHalf(text), () => response.destroy())
    }
  }
}

/** Answers with JSON. */
export function send(response: ServerResponse, { status, body }: Answer): void {
  sendText(response, status, JSON.stringify(body))
}

function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  contentType = 'application/json',
): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function firstHalf(text: string): string {
  return text.slice(0, Math.ceil(text.length / 2))
}

function errorOf(status: number): string {
  if (status === 429) return 'ERR max requests limit exceeded. Limit: 500000, Usage: 500000.'
  return status === 503 ? 'ERR the database is not available' : 'ERR internal error'
}

async function passed(ms: number, closing: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal: closing }).catch(() => false)
}
