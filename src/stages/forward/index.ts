import { allow, type Denial, deny, type Env, type Result, type Validated } from '../../contract.ts'
import { sha256 } from '../../lib/digest.ts'
import { canonicalValue } from '../../origin/base.ts'
import { signRequest } from '../../origin/sign.ts'
import type { Route } from '../../route.ts'
import { type Destination, destination } from './destination.ts'
import { proofKey } from './proof.ts'
import { answerable, forwardable } from './spoofable.ts'

/** Statuses with which a proxy, Cloudflare among them, says that it does not know what the origin did. */
const UNKNOWN_OUTCOME = new Set([502, 504, 520, 522, 524])

/** Everything that a forward needs, made before admit: what cannot be sent claims nothing. */
export interface Prepared extends Destination {
  method: string
  headers: Headers
  payload: Uint8Array<ArrayBuffer> | undefined
  traceId: string
  timeoutMs: number
}

export type Forwarded =
  | { outcome: 'answered'; response: Response }
  | { outcome: 'unknown'; denial: Denial; originStatus: number | undefined }

/** Rebuilds the request from what was verified and signs the proof over it. */
export async function prepare(
  facts: Validated,
  route: Route,
  routeId: string,
  env: Env,
): Promise<Result<Prepared>> {
  const path = route.forward.path?.(facts) ?? facts.path
  const target = destination(env, route.forward.to, { host: facts.host, path, search: facts.forwardSearch })
  if (!target.ok) return target
  const key = await proofKey(env)
  if (!key.ok) return key
  const headers = forwardable(facts.request.headers)
  const traceId = startTrace(headers)
  if (facts.contentType === undefined || facts.payload === undefined) headers.delete('content-type')
  else headers.set('content-type', facts.contentType)
  setForwarding(headers, facts)
  const own = {
    'sallyport-id': facts.id,
    'sallyport-route': routeId,
    'sallyport-host': facts.host,
    'sallyport-body': facts.payloadKind,
    ...(facts.client.key !== undefined && { 'sallyport-client': facts.client.key }),
    ...providerHeaders(facts),
    ...lowerCased(route.forward.headers?.(facts) ?? {}),
  }
  for (const [name, value] of Object.entries(own)) {
    if (canonicalValue(value) === undefined) {
      return deny('malformed_header', 'a header that the route asserts would hold what no header may')
    }
    headers.set(name, value)
  }
  await signRequest(key.value, {
    method: facts.method,
    url: target.value.url,
    headers,
    asserted: Object.keys(own),
    digest: facts.payload === undefined ? 'empty' : (facts.bodyDigest ?? (await sha256(facts.payload))),
    created: Math.floor(facts.now / 1000),
  })
  return allow({
    ...target.value,
    method: facts.method,
    headers,
    payload: facts.payload,
    traceId,
    timeoutMs: route.forward.timeoutMs,
  })
}

/** Report mode: the client's own request without what it could pretend to be, and nothing asserted. */
export function prepareUnproven(
  facts: Pick<Validated, 'request' | 'method' | 'host' | 'path' | 'search'>,
  body: Uint8Array<ArrayBuffer> | undefined,
  route: Route,
  env: Env,
): Result<Prepared> {
  const target = destination(env, route.forward.to, facts)
  if (!target.ok) return target
  const headers = forwardable(facts.request.headers)
  const traceId = startTrace(headers)
  const payload = body?.length === 0 ? undefined : body
  return allow({
    ...target.value,
    method: facts.method,
    headers,
    payload,
    traceId,
    timeoutMs: route.forward.timeoutMs,
  })
}

/** Sends the request; follows no redirect, and says when nobody can know what the origin did. */
export async function forward(prepared: Prepared): Promise<Forwarded> {
  const { method, headers, payload, timeoutMs } = prepared
  const aborter = new AbortController()
  const timer = setTimeout(() => aborter.abort(), timeoutMs)
  try {
    const body = payload === undefined || method === 'GET' || method === 'HEAD' ? null : payload
    const response = await prepared.fetch(prepared.url, {
      method,
      headers,
      body,
      redirect: 'manual',
      signal: aborter.signal,
    })
    // A 101 that nobody asked for, or a status outside of HTTP (RFC 9110 section 15), is no answer to pass on.
    const isStatus = response.status >= 200 && response.status <= 599
    if (isStatus && !UNKNOWN_OUTCOME.has(response.status)) return { outcome: 'answered', response }
    await response.body?.cancel()
    return unknown(
      !isStatus || response.status === 502 || response.status === 520
        ? 'origin_unreachable'
        : 'origin_timeout',
      `the origin, or a proxy before it, answered ${response.status}`,
      response.status,
    )
  } catch {
    if (!aborter.signal.aborted) return unknown('origin_unreachable', 'the connection to the origin failed')
    return unknown('origin_timeout', 'the origin did not answer in time', undefined, timeoutMs)
  } finally {
    clearTimeout(timer)
  }
}

function unknown(
  code: 'origin_unreachable' | 'origin_timeout',
  reason: string,
  originStatus?: number,
  timeoutMs?: number,
): Forwarded {
  const measure: Denial['measure'] =
    timeoutMs === undefined ? undefined : { limit: timeoutMs, actual: timeoutMs, unit: 'milliseconds' }
  return { outcome: 'unknown', originStatus, denial: deny(code, reason, measure && { measure }).denial }
}

/** The origin's answer as the client sees it: without what ends at this hop or only the gateway may say. */
export function answer(response: Response, prepared: Prepared, publicOrigin: string): Response {
  const headers = answerable(response.headers)
  const location = headers.get('location')
  // A redirect to the origin itself would send the client around the gateway; a relative one comes back to it.
  const target = location === null ? null : URL.parse(location, prepared.url)
  const isRelative = location !== null && !URL.canParse(location) && !/^[/\\]{2}/.test(location)
  if (target?.host === prepared.url.host && !isRelative) {
    headers.set('location', `${publicOrigin}${target.pathname}${target.search}${target.hash}`)
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

function setForwarding(headers: Headers, { client, host, scheme }: Validated): void {
  headers.set('x-forwarded-host', host)
  headers.set('x-forwarded-proto', scheme)
  if (client.key !== undefined) headers.set('x-forwarded-for', client.key)
}

/** A new W3C trace: a stranger's trace ids would join what does not belong together. */
function startTrace(headers: Headers): string {
  const hex = crypto.randomUUID().replaceAll('-', '')
  const span = crypto.randomUUID().replaceAll('-', '').slice(0, 16)
  headers.set('traceparent', `00-${hex}-${span}-01`)
  return hex
}

function providerHeaders({ notes, principal }: Validated): Record<string, string> {
  if (!notes) return {}
  const event =
    'event' in principal && typeof principal.event === 'string' ? { 'sallyport-event': principal.event } : {}
  return { 'sallyport-provider': notes.provider, ...event }
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
