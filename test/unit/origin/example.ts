import type { IncomingMessage, ServerResponse } from 'node:http'
import { createVerifier, memorySeenSet, type Verdict, type Verifier } from 'sallyport/origin'

type Proven = Extract<Verdict, { ok: true }>
type Handler = (request: IncomingMessage, response: ServerResponse, proven: Proven, body: Uint8Array) => void

/** A request listener for node:http that calls `handle` only for requests that passed the gateway. */
export function provenOnly(verifier: Verifier, maxBodyBytes: number, handle: Handler) {
  return async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const chunks: Uint8Array[] = []
      let size = 0
      for await (const chunk of request as AsyncIterable<Uint8Array>) {
        size += chunk.byteLength
        if (size > maxBodyBytes) return response.destroy()
        chunks.push(chunk)
      }
      const body = Buffer.concat(chunks)
      const { method = '', url: target = '', headersDistinct: headers } = request
      const verdict = await verifier.verify({ method, target, headers, body })
      if (!verdict.ok) return response.writeHead(401).end()
      return handle(request, response, verdict, body)
    } catch {
      return response.destroy()
    }
  }
}

/** For instance: createServer(ordersListener('orders.internal.example', [process.env.SALLYPORT_KEY ?? ''])).listen(8080) */
export function ordersListener(authority: string, keys: string[]) {
  const verifier = createVerifier({ authority, keys, seen: memorySeenSet({ maxEntries: 100_000 }) })
  return provenOnly(verifier, 1_048_576, (_request, response, { asserted, route }) => {
    response.end(`${asserted['x-subject']} called ${route}`)
  })
}
