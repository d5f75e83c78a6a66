import { type Denial, isRefusalStatus } from './contract.ts'
import { utf8 } from './lib/digest.ts'

/** Problem types of draft-ietf-httpapi-ratelimit-headers-10, each with the extension `violated-policies`. */
const IANA = 'https://iana.org/assignments/http-problem-types'

export interface DenialEntry {
  status: number
  title: string
  /** The problem's `type` where the denial names violated policies, in place of the gateway's own URN. */
  ofPolicies?: string
  /** The code is one of webhooks: a provider may want another status than the table's. */
  isOfWebhooks?: true
  /** The `error` of the challenge (RFC 6750 section 3.1, RFC 9449 section 12.2, RFC 9470 section 3). */
  oauth?: string
}

/** The closed table of refusals: code → what the wire says. `reason` and `measure` never reach the wire. */
export const denials = {
  malformed_target: { status: 400, title: 'The request target is malformed' },
  malformed_host: { status: 400, title: 'The Host header is malformed or missing' },
  host_not_served: { status: 400, title: 'This host is not served here' },
  malformed_header: { status: 400, title: 'A header is malformed' },
  route_not_found: { status: 404, title: 'No route matches this path' },
  method_not_allowed: { status: 405, title: 'The route does not take this method' },
  target_too_long: { status: 414, title: 'The request target is too long' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  client_denied: { status: 403, title: 'This client is not allowed' },
  body_timeout: { status: 408, title: 'The request body took too long to arrive' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  body_truncated: { status: 400, title: 'The request body is incomplete' },
  body_not_expected: { status: 400, title: 'The route takes no request body' },
  media_type_not_supported: { status: 415, title: 'The media type is not the one that the route declares' },
  encoding_not_supported: { status: 415, title: 'Encoded request bodies are not accepted' },
  signature_missing: { status: 401, title: 'The request carries no signature', isOfWebhooks: true },
  signature_refused: { status: 401, title: 'The signature was refused', isOfWebhooks: true },
  credential_missing: { status: 401, title: 'The request carries no credential that the route takes' },
  credential_repeated: {
    status: 400,
    title: 'The request carries more than one credential',
    oauth: 'invalid_request',
  },
  credential_refused: { status: 401, title: 'The credential was refused', oauth: 'invalid_token' },
  proof_refused: {
    status: 401,
    title: 'The proof of possession was refused',
    oauth: 'invalid_dpop_proof',
  },
  proof_nonce_required: {
    status: 401,
    title: 'The proof of possession needs the nonce of this answer',
    oauth: 'use_dpop_nonce',
  },
  issuer_unavailable: { status: 503, title: 'The gateway cannot verify credentials right now' },
  event_not_declared: { status: 400, title: 'The route does not declare this event', isOfWebhooks: true },
  not_authorized: { status: 403, title: 'The request is not authorized' },
  scope_missing: {
    status: 403,
    title: 'The credential does not have the scope that the route needs',
    oauth: 'insufficient_scope',
  },
  authentication_insufficient: {
    status: 401,
    title: 'The route needs a stronger or more recent authentication',
    oauth: 'insufficient_user_authentication',
  },
  malformed_body: { status: 400, title: 'The request body is malformed' },
  input_invalid: { status: 422, title: 'The request does not match the schema' },
  query_not_declared: { status: 400, title: 'The route declares no query parameters' },
  client_blocked: { status: 403, title: 'This client is blocked' },
  principal_revoked: { status: 401, title: 'The credentials were revoked', oauth: 'invalid_token' },
  rate_limited: { status: 429, title: 'Too many requests', ofPolicies: `${IANA}#quota-exceeded` },
  delivery_in_progress: { status: 409, title: 'This delivery is being processed', isOfWebhooks: true },
  delivery_repeated: { status: 409, title: 'This delivery was already processed', isOfWebhooks: true },
  state_unavailable: {
    status: 503,
    title: 'The gateway cannot decide right now',
    ofPolicies: `${IANA}#temporary-reduced-capacity`,
  },
  origin_unreachable: { status: 502, title: 'The origin cannot be reached' },
  origin_timeout: { status: 504, title: 'The origin took too long to answer' },
  not_configured: { status: 503, title: 'This route is not ready' },
  internal_error: { status: 500, title: 'The gateway failed' },
} as const satisfies Record<string, DenialEntry>

/** A stable name for why a request was refused: the problem's `code`. */
export type DenialCode = keyof typeof denials

/** RFC 9110 section 10.2.3 wants digits, and the largest numbers have an exponent. */
const MAX_RETRY_AFTER_SECONDS = 999_999_999_999_999

/**
 * The status that a refusal leaves with: the table's, or the one that the provider wants, then what stands `instead` of that
 * on the route. No refusal leaves as a success, whatever a denial says.
 */
export function statusOf({ code, status }: Denial, instead: Readonly<Record<number, number>> = {}): number {
  const entry: DenialEntry = denials[code]
  const isWanted = entry.isOfWebhooks && status !== undefined && isRefusalStatus(status)
  const own = isWanted ? status : entry.status
  // A copy of what is done has arrived: asked for again, it would come for ever.
  return code === 'delivery_repeated' ? own : (instead[own] ?? own)
}

/**
 * Turns a denial into `application/problem+json` (RFC 9457); the only place that does. The challenges stand in one field:
 * the runtime joins fields of one name.
 */
export function refuse(
  denial: Denial,
  id: string,
  challenges: readonly string[] = [],
  status = statusOf(denial),
): Response {
  const { title, ofPolicies }: DenialEntry = denials[denial.code]
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'sallyport-id': id,
    ...denial.headers,
  })
  if (challenges.length > 0) headers.set('www-authenticate', challenges.join(', '))
  // RFC 9110 section 11.6.1: every 401 names a way to authenticate.
  if (status === 401 && !headers.has('www-authenticate')) headers.set('www-authenticate', 'Webhook-Signature')
  if (denial.retryAfterSeconds !== undefined) {
    const seconds = Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(denial.retryAfterSeconds)))
    headers.set('retry-after', String(seconds))
  }
  const namesPolicies = denial.extensions !== undefined && 'violated-policies' in denial.extensions
  const problem = {
    type: namesPolicies && ofPolicies !== undefined ? ofPolicies : `urn:sallyport:denial:${denial.code}`,
    title,
    status,
    code: denial.code,
    id,
    ...denial.extensions,
  }
  const body = utf8(JSON.stringify(problem))
  headers.set('content-length', String(body.length))
  return new Response(body, { status, headers })
}
