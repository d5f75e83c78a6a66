import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { createVerifier, memorySeenSet, type Verifier } from 'sallyport/origin'
import { BEHAVIOUR_MEMBERS, type Behaviour, readBehaviour } from './behaviour.ts'
import { type Listening, listen, readObject, sendJson, sendMethodNotAllowed } from './http.ts'
import { type Arrival, MAX_KEPT_BYTES, type ProofOutcome, Recorder } from './recorder.ts'

export interface OriginOptions {
  /** 0 lets the system choose. */
  port: number
  /** The text of the gateway's PROOF_KEY; without it no proof is judged. */
  proofKey?: string
  /** Called once for each request that is recorded. */
  onArrival?: (arrival: Omit<Arrival, 'body'>) => void
}

/**
 * Starts the demo origin on 127.0.0.1: it records every request, says whether the gateway's proof holds, and answers
 * 200 `{"ok":true}` in any case, unless `PUT /_playground/behaviour` shapes its next answers.
 * @throws {TypeError} (as a rejection) for a proof key that is not of its form.
 */
export async function startOrigin(options: OriginOptions): Promise<Listening> {
  const recorder = new Recorder()
  let behaviour: Behaviour | undefined
  let verifier: Verifier | undefined

  const server = await listen(options.port, async (request, response) => {
    const path = request.url ?? '/'
    if (path === '/_playground/requests') return showRequests(recorder, request, response)
    if (path === '/_playground/behaviour') {
      if (request.method !== 'PUT') return sendMethodNotAllowed(response, 'PUT')
      behaviour = readBehaviour(await readObject(request, BEHAVIOUR_MEMBERS))
      return sendJson(response, 200, { ok: true, behaviour: behaviour ?? null })
    }
    if (path.startsWith('/_playground')) return sendJson(response, 404, { error: 'no such playground path' })

    const arrival = await receive(request, verifier)
    recorder.add(arrival)
    options.onArrival?.(arrival)
    const shaped = behaviour
    if (shaped && --shaped.times <= 0 && behaviour === shaped) behaviour = undefined
    if (shaped && shaped.delayMs > 0) await delay(shaped.delayMs)
    if (shaped?.drop) return void response.destroy()
    const status = shaped?.status ?? 200
    sendJson(response, status, { ok: status < 400 })
  })
  try {
    verifier = options.proofKey === undefined ? undefined : verifierFor(server.url, options.proofKey)
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

function verifierFor(url: string, proofKey: string): Verifier {
  const { host } = new URL(url)
  return createVerifier({
    authority: host,
    keys: [verificationKey(proofKey)],
    seen: memorySeenSet({ maxEntries: 100_000 }),
  })
}

/** The origin's side of the gateway's key: the same text for HMAC, the public half for Ed25519. */
function verificationKey(text: string): string {
  const [id, algorithm, base64] = text.split(':')
  if (algorithm !== 'ed25519' || base64 === undefined) return text
  const key = createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return `${id}:ed25519-public:${Buffer.from(x, 'base64url').toString('base64')}`
}

function showRequests(recorder: Recorder, { method }: IncomingMessage, response: ServerResponse): void {
  if (method === 'GET') {
    sendJson(response, 200, recorder.list())
  } else if (method === 'DELETE') {
    recorder.clear()
    sendJson(response, 200, { ok: true })
  } else {
    sendMethodNotAllowed(response, 'GET, DELETE')
  }
}

/** Reads a request to its end, or to where it breaks off: what arrived is recorded either way. */
async function receive(request: IncomingMessage, verifier: Verifier | undefined): Promise<Arrival> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  let complete = true
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength
      if (bytes <= MAX_KEPT_BYTES) chunks.push(chunk)
      else chunks.length = 0
    }
  } catch {
    complete = false
  }
  complete &&= bytes <= MAX_KEPT_BYTES
  const { method = '', url: path = '/' } = request
  const headers: Record<string, string> = {}
  for (const [name, values = []] of Object.entries(request.headersDistinct)) headers[name] = values.join(', ')
  const body = Buffer.concat(chunks)
  const proof = verifier && (await judge(verifier, request, body))
  return {
    method,
    path,
    headers,
    body,
    at: Date.now(),
    ...(proof && { proof }),
    ...(!complete && { incomplete: true as const }),
  }
}

async function judge(verifier: Verifier, request: IncomingMessage, body: Uint8Array): Promise<ProofOutcome> {
  const { method = '', url: target = '', headersDistinct: headers } = request
  const verdict = await verifier.verify({ method, target, headers, body })
  return verdict.ok ? { ok: true } : { ok: false, reason: verdict.reason }
}
