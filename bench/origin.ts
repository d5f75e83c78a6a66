import { once } from 'node:events'
import { createServer } from 'node:http'
import { parentPort, Worker } from 'node:worker_threads'

export const ORIGIN_ANSWER = '{"ok":true}'

export interface Origin {
  url: string
  /** How many requests came since the last time this was asked. */
  takeCount(): Promise<number>
  close(): Promise<void>
}

/** A minimal origin in a thread of its own, outside the process that is measured. */
export async function startOrigin(): Promise<Origin> {
  const thread = new Worker(import.meta.filename)
  const [port]: number[] = await once(thread, 'message')
  return {
    url: `http://127.0.0.1:${port}`,
    async takeCount() {
      thread.postMessage('count')
      const [count]: number[] = await once(thread, 'message')
      return count ?? 0
    },
    async close() {
      await thread.terminate()
    },
  }
}

if (parentPort) {
  const port = parentPort
  let count = 0
  const server = createServer((request, response) => {
    count++
    request.resume().once('end', () => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': ORIGIN_ANSWER.length,
      })
      response.end(ORIGIN_ANSWER)
    })
  })
  // Connections that a contestant holds over the others' rounds must not end while it uses them.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    port.postMessage(typeof address === 'object' ? address?.port : undefined)
  })
  port.on('message', () => {
    port.postMessage(count)
    count = 0
  })
}
