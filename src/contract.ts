import type { DenialCode } from './denials.ts'
import type { Address } from './lib/ip.ts'
import type { JsonOutcome } from './lib/json.ts'
import type { Principal } from './principals.ts'
import type { StateFault } from './state/state.ts'

/** What the Worker's bindings look like from inside: read by name, never trusted to be there. */
export type Env = Readonly<Record<string, unknown>>

/** Reads a binding by name; `undefined` for one that is unset or empty. */
export function secretOf(env: Env, name: string): string | undefined {
  const value = env[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export type Awaitable<T> = T | Promise<T>

/** Units of a denial's measure. */
export type Unit = 'bytes' | 'count' | 'seconds' | 'milliseconds' | 'levels'

/** Why a request was refused; a value, never an exception. */
export interface Denial {
  code: DenialCode
  /** What the provider wants in place of the table's status: 400 to 599, and read for codes of webhooks only. */
  status?: number
  /** Exact, and for the record only: made of constants and numbers, never of what the client sent. */
  reason: string
  /** The limit and what was seen, for every refusal by size, count, rate, age or skew; record only. */
  measure?: { limit: number; actual: number; unit: Unit }
  retryAfterSeconds?: number
  /** Answer headers that the status demands: `Allow`, `WWW-Authenticate`, `RateLimit`. */
  headers?: Readonly<Record<string, string>>
  /** What the challenge of a 401 or 403 tells beside its scheme (RFC 6750 section 3, RFC 9470 section 3). */
  challenge?: {
    /** The scheme that the credential came in, where the error is about one. */
    scheme?: string
    scope?: string
    acrValues?: string
    maxAgeSeconds?: number
  }
  /** Members of the problem document beside the common ones (RFC 9457 section 3.2). */
  extensions?: Readonly<Record<string, unknown>>
}

/** Client and server errors (RFC 9110 sections 15.5 and 15.6). */
export const isRefusalStatus = (status: number): boolean =>
  Number.isInteger(status) && status >= 400 && status <= 599

export type Result<T> = { ok: true; value: T } | { ok: false; denial: Denial }

export const allow = <T>(value: T): { ok: true; value: T } => ({ ok: true, value })

export const deny = (
  code: DenialCode,
  reason: string,
  more: Omit<Denial, 'code' | 'reason'> = {},
): { ok: false; denial: Denial } => ({ ok: false, denial: { code, reason, ...more } })

/**
 * A request's headers by their lower-case names, read once: each look into the runtime's own is a call out of JavaScript, about 1 µs.
 * Lines of one name are joined by `, ` (RFC 9110 section 5.3).
 */
export type RequestHeaders = ReadonlyMap<string, string>

// Facts grow stage by stage: a stage that needs what a later one learns does not compile.

export interface Received {
  /** The `sallyport-id` of this request, on its answer and in its record. */
  id: string
  request: Request
  headers: RequestHeaders
  /** Milliseconds since the epoch; the clock is read once, at the gateway's door. */
  now: number
  method: string
  /** The public host, one of PUBLIC_HOSTS, as the client named it. */
  host: string
  scheme: 'http' | 'https'
  /** The canonical path: the one that is matched, decided on and forwarded. */
  path: string
  /** The query as sent, with its `?`, or an empty string. */
  search: string
}

export interface Matched extends Received {
  /** Path parameters, percent-decoded once. */
  params: Readonly<Record<string, string>>
}

export interface Client {
  /** Undefined when the deployment believes no word on it. */
  address: Address | undefined
  /** What its requests are counted under: the address as text, IPv6 cut to /64. */
  key: string | undefined
  country: string | undefined
  asn: number | undefined
}

/**
 * The client certificate of the connection, as Cloudflare tells of it. What is read out of one is only there where Cloudflare
 * has verified it, so that nothing can rest on any other.
 */
export type ClientCertificate =
  | {
      isVerified: true
      /** Lower-case hex SHA-256 of its DER bytes. */
      fingerprint: string
      /** Distinguished names, RFC 2253. */
      subject: string
      issuer: string
    }
  | { isVerified: false; fault: 'revoked' | 'expired' | 'not valid yet' | 'not verified' | 'not readable' }

export interface Identified extends Matched {
  client: Client
  /** Undefined where none was presented, or where the deployment does not believe Cloudflare's word. */
  certificate?: ClientCertificate
}

/** What identifies a delivery, taken only from bytes that the signature covers. */
export interface ReplayKey {
  /** `delivery` is released when the origin fails; `once` is burnt at admit. */
  kind: 'delivery' | 'once'
  id: string
  /** Milliseconds for which `done` is remembered, unless the route says otherwise. */
  ttlMs: number
  /** The least that a route may say: as long as the signature stays valid, a copy would pass it. */
  floorMs: number
}

/** What a provider wants to read when a delivery is accepted without the origin. */
export interface Acknowledgement {
  status: number
  contentType?: string
  body?: string
  /**
   * Other headers of the answer, such as the echo of a header of a handshake: texts that the scheme has parsed, as a header
   * can carry them. The id, the length, the caching and the content type stay the gateway's, and no cookie is set.
   */
  headers?: Readonly<Record<string, string>>
}

/** What the record may tell about a verified delivery; ids are hints, since some are unsigned. */
export interface DeliveryNotes {
  provider: string
  secretSlot: 'current' | 'next'
  deliveryHint?: string
}

export interface Authenticated<P extends Principal = Principal> extends Identified {
  principal: P
  /** The bytes as they came in, where they were read: on signed routes these are the verified ones. */
  body?: Uint8Array<ArrayBuffer>
  /** SHA-256 of `body`, where the scheme had to compute it. */
  bodyDigest?: Uint8Array<ArrayBuffer>
  /** The strict parse of `body`, where the scheme had to look inside. */
  json?: JsonOutcome
  replay?: ReplayKey
  /** The provider's own success answer, given to a copy of a delivery that is done. */
  acknowledgement?: Acknowledgement
  /** A verified handshake is answered here and never reaches the origin. */
  handshake?: Acknowledgement
  notes?: DeliveryNotes
  /** Name of the scheme whose credential it was, where the route takes credentials. */
  credential?: string
  /** Under which names this credential can be revoked. @default the principal's id */
  revocable?: readonly string[]
  /** When the credential was issued, milliseconds since the epoch: revocations may end at a moment. */
  issuedAtMs?: number
  /** What the answer tells the client beside the origin's headers, whatever becomes of the request: `DPoP-Nonce`. */
  answerHeaders?: Readonly<Record<string, string>>
  /** What the operator should mend, although the request passed: for the record. */
  warnings?: readonly Denial[]
}

export interface Validated<P extends Principal = Principal, T = unknown> extends Authenticated<P> {
  input: T
  /** The bytes that go to the origin: the ones that were decided on. */
  payload: Uint8Array<ArrayBuffer> | undefined
  /** `verified`: as the provider signed them; `validated`: re-serialised; `verbatim`: as the client sent them. */
  payloadKind: 'verified' | 'validated' | 'verbatim' | 'none'
  contentType: string | undefined
  /** The query to forward: rebuilt from the validated values, or empty. */
  forwardSearch: string
  /** Would-be denials of a schema in report mode. */
  reported: readonly Denial[]
}

/** Deep or wide documents cost more than their bytes tell: both are bounded before anything walks them. */
export const BODY_JSON_LIMITS = { maxDepth: 64, maxNodes: 100_000 } as const

/** Parameters of a form; a repeated one counts each time. */
export const BODY_FORM_LIMITS = { maxParameters: 1000 } as const

/** What shared state had to do with a decision. */
export interface Consulted {
  /** `remembered`: this isolate knew of a limit that denies. `not-asked`: the circuit breaker is open, or no time was left. */
  asked: 'answered' | 'remembered' | 'failed' | 'not-asked'
  fault: StateFault | null
  /** The route's failure policy, where it decided. */
  policy: 'closed' | 'allowed' | 'degraded' | null
  /** How many decisions of that policy this isolate has taken. */
  count: number | null
}
