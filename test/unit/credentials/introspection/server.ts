import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  method: string
  url: string
  headers: IncomingHttpHeaders
  form: URLSearchParams
}

export interface Answered {
  status?: number
  headers?: Record<string, string>
  body?: string | Buffer
  delayMs?: number
  /** Sends the body so many bytes at a time, and never ends. */
  drip?: boolean
  /** Ends the connection without an answer. */
  drop?: boolean
}

/** A real introspection endpoint on loopback: answers what the test says, and records what it was asked. */
export async function startIntrospection() {
  const asked: Asked[] = []
  let answerTo: (asked: Asked) => Answered | object = () => ({ active: false })
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const one = { method, url, headers, form: new URLSearchParams(Buffer.concat(chunks).toString()) }
      asked.push(one)
      const answered = answerTo(one)
      const raw: Answered = isRaw(answered) ? answered : { body: JSON.stringify(answered) }
      if (raw.drop) return void request.socket.destroy()
      setTimeout(() => {
        response.writeHead(raw.status ?? 200, { 'content-type': 'application/json', ...raw.headers })
        if (!raw.drip) return void response.end(raw.body)
        response.write('{"active":')
        const timer = setInterval(() => response.write(' '), 50)
        response.on('close', () => clearInterval(timer))
      }, raw.delayMs ?? 0)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/introspect`,
    asked,
    /** What is answered from now on: a JSON value with `active`, or a raw answer. */
    answer(to: Answered | object | ((asked: Asked) => Answered | object)): void {
      answerTo = typeof to === 'function' ? (to as typeof answerTo) : () => to
    },
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const RAW = ['status', 'headers', 'body', 'delayMs', 'drip', 'drop']
const isRaw = (value: object): value is Answered => RAW.some((name) => name in value)
