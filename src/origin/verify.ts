import { ALWAYS_ASSERTED, DERIVED, isAssertable } from './base.ts'
import { bodyHolds, checkReplay, checkTimes, readCovered, readRequestLine, signatureHolds } from './checks.ts'
import { collectFields, type HeaderInput, hasUncoveredField } from './fields.ts'
import { readVerificationKey, type VerificationKey } from './keys.ts'
import { type Proof, readProof } from './proof.ts'
import { type Refusal, refuse } from './refusal.ts'

/** What a verifier is told once, by the origin's own configuration. */
export interface VerifierOptions {
  /** Host of the destination URL, with the port unless it is the scheme's default; several when the origin has several names. */
  authority: string | readonly string[]
  /** Texts of the keys, `k1:hmac-sha256:…` or `k2:ed25519-public:…`; two while a key is being rotated. */
  keys: readonly string[]
  /** Longest distance between `created` and the origin's clock, in seconds, both ways. @default 60 */
  maxSkewSeconds?: number
  /**
   * Notes a nonce and says whether it was there before, in one atomic step; `expires` and `now` are Unix seconds. It is
   * asked last, and only for a signature that holds; a throw refuses the request.
   */
  seen?: (nonce: string, expires: number, now: number) => boolean | Promise<boolean>
  /** Further headers that every proof must cover, in lower case, such as `x-subject`. */
  required?: readonly string[]
  /** Accepts requests of routes that stream: their proof binds the body's length, not its bytes. @default false */
  unsafeAcceptStreamedBody?: boolean
}

/** A request as the origin received it. */
export interface IncomingRequest {
  method: string
  /** Path and query as they were on the wire (`request.url` in Node), not decoded, not normalised. */
  target: string
  headers: HeaderInput
  /** The raw bytes of the body, before any parser or decompression. */
  body: Uint8Array
}

/** The outcome: what the gateway asserts, or why the request must be refused. */
export type Verdict =
  | {
      ok: true
      keyId: string
      id: string
      host: string
      route: string
      asserted: Readonly<Record<string, string>>
    }
  | { ok: false; reason: Refusal }

/** Verifies that requests passed the gateway. */
export interface Verifier {
  /** Checks one request; `now` is a Date or milliseconds since 1970, by default the clock's. Never rejects for what the caller sent. */
  verify(request: IncomingRequest, now?: Date | number): Promise<Verdict>
}

const DEFAULT_SKEW_SECONDS = 60
const AUTHORITY = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/

/**
 * Makes a verifier for the gateway's proofs (RFC 9421 with label `sallyport`, RFC 9530). Trust only what `asserted` holds.
 *
 * @throws {TypeError} at load for an unusable option; no message holds key text.
 * @example
 * import { createVerifier } from 'sallyport/origin'
 *
 * const verifier = createVerifier({ authority: 'api.internal.example', keys: [process.env.SALLYPORT_KEY ?? ''] })
 * const verdict = await verifier.verify({ method: 'GET', target: '/orders?page=2', headers: {}, body: new Uint8Array() })
 * if (!verdict.ok) console.error('not from the gateway', verdict.reason)
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const authorities = readAuthorities(options.authority)
  const keys = readKeys(options.keys)
  const skew = options.maxSkewSeconds ?? DEFAULT_SKEW_SECONDS
  if (!Number.isFinite(skew) || skew < 0) throw new TypeError('verifier: maxSkewSeconds must be 0 or more')
  const required = [...DERIVED, ...ALWAYS_ASSERTED, ...(options.required ?? [])]
  if (!(options.required ?? []).every(isAssertable)) {
    throw new TypeError('verifier: required takes names of headers that the gateway asserts, in lower case')
  }

  return {
    async verify(request, now = Date.now()) {
      const seconds = Math.floor(Number(now) / 1000)
      const fields = collectFields(request.headers)
      const read = readProof(fields)
      if (!read.ok) return read
      const proof = read.value
      const key = keys.get(proof.keyid)
      if (!key) return refuse('key-unknown')
      if (key.algorithm !== proof.alg) return refuse('algorithm-mismatch')

      const streamed = proof.names.includes('content-length')
      if (!required.every((name) => proof.names.includes(name))) return refuse('component-missing')
      if (!streamed && !proof.names.includes('content-digest')) return refuse('component-missing')
      if (streamed && options.unsafeAcceptStreamedBody !== true) return refuse('body-streamed')
      const late = checkTimes(proof, seconds, skew)
      if (late) return refuse(late)
      if (hasUncoveredField(fields, new Set(proof.names))) return refuse('header-uncovered')

      const covered = readCovered(fields, proof)
      if (!covered.ok) return covered
      const values = covered.value
      const line = readRequestLine(request)
      if (!line.ok) return line
      if (!(await signatureHolds(await key.load(), proof, authorities, line.value, values))) {
        return refuse('signature-mismatch')
      }
      if (!(await bodyHolds(values, request.body))) return refuse('body-mismatch')
      const replay = await checkReplay(options.seen, proof, seconds)
      return replay ? refuse(replay) : accept(proof, values)
    },
  }
}

function readAuthorities(input: string | readonly string[]): string[] {
  const authorities = (typeof input === 'string' ? [input] : [...(input ?? [])]).map((text) =>
    text.toLowerCase(),
  )
  for (const authority of authorities) {
    if (!AUTHORITY.test(authority))
      throw new TypeError('verifier: authority must be a host, with a port or without')
    if (/:(?:80|443)$/.test(authority))
      throw new TypeError('verifier: write the authority without the default port')
  }
  if (authorities.length === 0) throw new TypeError('verifier: authority is missing')
  return authorities
}

function readKeys(texts: readonly string[]): Map<string, VerificationKey> {
  const keys = new Map<string, VerificationKey>()
  for (const key of (texts ?? []).map(readVerificationKey)) {
    if (keys.has(key.id)) throw new TypeError(`verifier: two keys have the id ${key.id}`)
    keys.set(key.id, key)
  }
  if (keys.size === 0) throw new TypeError('verifier: keys is empty')
  return keys
}

function accept(proof: Proof, values: ReadonlyMap<string, string>): Verdict {
  // Without a prototype, so that an absent header is `undefined` whatever its name.
  const asserted: Record<string, string> = Object.create(null)
  for (const name of proof.asserted) asserted[name] = values.get(name) ?? ''
  const [id = '', host = '', route = ''] = ALWAYS_ASSERTED.map((name) => asserted[name])
  return { ok: true, keyId: proof.keyid, id, host, route, asserted }
}
