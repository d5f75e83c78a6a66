import type { ByHandState } from './by-hand-state.ts'

export { ByHandState } from './by-hand-state.ts'

interface Bindings {
  ORIGIN_URL: string
  GITHUB_WEBHOOK_SECRET: string
  PROOF_KEY: string
  /** Left out to see what the rest costs. */
  BY_HAND_STATE?: DurableObjectNamespace<ByHandState>
}

const EVENTS = new Set(['push', 'pull_request', 'ping'])
const MAX_BODY_BYTES = 1_048_576
const HMAC = { name: 'HMAC', hash: 'SHA-256' }
const encoder = new TextEncoder()
let keys: Promise<{ github: CryptoKey; proof: CryptoKey }> | undefined

/** The GitHub route written by hand for this one case: nothing is general or recorded, only the happy way is complete. */
export default {
  async fetch(request: Request, env: Bindings, ctx: ExecutionContext): Promise<Response> {
    const now = Date.now()
    const { pathname } = new URL(request.url)
    if (request.method !== 'POST' || pathname !== '/webhooks/github') return refuse(404)
    const sent = /^sha256=([0-9a-f]{64})$/.exec(request.headers.get('x-hub-signature-256') ?? '')?.[1]
    const event = request.headers.get('x-github-event') ?? ''
    if (sent === undefined || !EVENTS.has(event)) return refuse(401)
    if (Number(request.headers.get('content-length') ?? Number.NaN) > MAX_BODY_BYTES) return refuse(413)
    if (request.headers.get('content-type') !== 'application/json') return refuse(415)

    const body = await request.arrayBuffer()
    keys ??= importKeys(env)
    const { github, proof } = await keys
    if (!(await crypto.subtle.verify('HMAC', github, fromHex(sent), body))) return refuse(401)
    if (!isObject(body)) return refuse(400)

    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
    const id = crypto.randomUUID()
    const key = `${toHex(digest)}:${event}`
    const state = env.BY_HAND_STATE?.getByName('github')
    const admission = state ? await state.admit(key, id, now) : 'admitted'
    if (admission === 'done') return new Response(null, { status: 200 })
    if (admission !== 'admitted') return refuse(admission === 'leased' ? 409 : 429)

    const url = `${env.ORIGIN_URL}${pathname}`
    const headers = await provenHeaders(request.headers, { url, id, digest, proof, now })
    const answered = fetch(url, { method: 'POST', headers, body, redirect: 'manual' }).then((response) => {
      if (state) ctx.waitUntil(state.settle(key, id, response.ok))
      return response
    })
    ctx.waitUntil(answered)
    const response = await answered
    const answer = new Response(response.body, response)
    answer.headers.set('request-id', id)
    return answer
  },
}

async function provenHeaders(
  sent: Headers,
  parts: { url: string; id: string; digest: Uint8Array; proof: CryptoKey; now: number },
): Promise<Headers> {
  const headers = new Headers(sent)
  for (const name of [...headers.keys()])
    if (/^(?:cf|x-forwarded|sallyport)-/.test(name)) headers.delete(name)
  const contentDigest = `sha-256=:${toBase64(parts.digest)}:`
  headers.set('content-digest', contentDigest)
  headers.set('request-id', parts.id)
  const created = Math.floor(parts.now / 1000)
  const nonce = toBase64(crypto.getRandomValues(new Uint8Array(16)))
  const covered = '"@method" "@target-uri" "content-digest" "content-type" "request-id"'
  const params = `(${covered});created=${created};expires=${created + 60};nonce="${nonce}";keyid="k"`
  const base = `"@method": POST\n"@target-uri": ${parts.url}\n"content-digest": ${contentDigest}\n"content-type": application/json\n"request-id": ${parts.id}\n"@signature-params": ${params}`
  const mac = await crypto.subtle.sign('HMAC', parts.proof, encoder.encode(base))
  headers.set('signature-input', `proof=${params}`)
  headers.set('signature', `proof=:${toBase64(new Uint8Array(mac))}:`)
  return headers
}

const refuse = (status: number): Response => new Response(JSON.stringify({ status }), { status })

async function importKeys({ GITHUB_WEBHOOK_SECRET, PROOF_KEY }: Bindings) {
  const secret = encoder.encode(GITHUB_WEBHOOK_SECRET)
  return {
    github: await crypto.subtle.importKey('raw', secret, HMAC, false, ['verify']),
    proof: await crypto.subtle.importKey('raw', encoder.encode(PROOF_KEY), HMAC, false, ['sign']),
  }
}

function isObject(body: ArrayBuffer): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const fromHex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
