import { type Authenticated, allow, deny, type Env, type Result, type Validated } from '../../contract.ts'
import { sha256 } from '../../lib/digest.ts'
import { canonicalValue } from '../../origin/base.ts'
import { dropProof, signRequest } from '../../origin/sign.ts'
import { askRoute, type Route } from '../../route.ts'
import { type Destination, destination } from './destination.ts'
import { proofKey } from './proof.ts'
import { forwardable } from './spoofable.ts'

/** Everything that a forward needs, made before admit: what cannot be sent claims nothing. */
export interface Prepared extends Destination {
  method: string
  headers: Headers
  payload: Uint8Array<ArrayBuffer> | undefined
  traceId: string
  timeoutMs: number
}

/** Rebuilds the request from what was verified and signs the proof over it. */
export async function prepare(
  facts: Validated,
  route: Route,
  routeId: string,
  env: Env,
): Promise<Result<Prepared>> {
  const path = askRoute(route, facts, () => route.forward.path?.(facts), undefined) ?? facts.path
  const target = destination(env, route.forward.to, { host: facts.host, path, search: facts.forwardSearch })
  if (!target.ok) return target
  const key = await proofKey(env)
  if (!key.ok) return key
  const headers = forwardable(facts.headers, route.forward.strip)
  const traceId = startTrace(headers)
  if (facts.contentType === undefined || facts.payload === undefined) headers.delete('content-type')
  else headers.set('content-type', facts.contentType)
  setForwarding(headers, facts)
  const asserted = lowerCased(askRoute(route, facts, () => route.forward.headers?.(facts), undefined) ?? {})
  for (const name of Object.keys(asserted)) headers.delete(name)
  const own = {
    'sallyport-id': facts.id,
    'sallyport-route': routeId,
    'sallyport-host': facts.host,
    'sallyport-body': facts.payloadKind,
    ...(facts.client.key !== undefined && { 'sallyport-client': facts.client.key }),
    ...providerHeaders(facts),
    // Nothing is asserted from a body that its schema, in report mode, would have refused.
    ...(facts.reported.length === 0 && asserted),
  }
  for (const [name, value] of Object.entries(own)) {
    // A value that a header cannot carry as it is would reach the origin as another one: `admin ` as `admin`.
    if (canonicalValue(value) !== value) {
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
  facts: Authenticated,
  validated: Validated | undefined,
  route: Route,
  env: Env,
): Result<Prepared> {
  const path = validated
    ? askRoute(route, validated, () => route.forward.path?.(validated), undefined)
    : undefined
  const target = destination(env, route.forward.to, {
    host: facts.host,
    path: path ?? facts.path,
    search: facts.search,
  })
  if (!target.ok) return target
  const headers = forwardable(facts.headers, route.forward.strip)
  dropProof(headers)
  const traceId = startTrace(headers)
  const payload = facts.body?.length === 0 ? undefined : facts.body
  return allow({
    ...target.value,
    method: facts.method,
    headers,
    payload,
    traceId,
    timeoutMs: route.forward.timeoutMs,
  })
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
