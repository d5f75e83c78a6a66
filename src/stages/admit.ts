import { allow, type Denial, deny, type Result, type Validated } from '../contract.ts'
import { sha256, utf8 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import { rateLimitHeaders } from '../lib/rate-limit.ts'
import { settledWithin } from '../lib/wait.ts'
import { askRoute, type CompiledLimit, type Route } from '../route.ts'
import type {
  Admission,
  AdmitRequest,
  DeliveryClaim,
  LimitClaim,
  LimitReading,
  State,
} from '../state/state.ts'

/** The lease outlives the origin's timeout by this much, so that a slow forward never runs without it. */
const LEASE_MARGIN_MS = 31_000
const RETRY_AFTER_STATE_SECONDS = 5

export interface Admitted {
  request: AdmitRequest
  readings: readonly LimitReading[]
  /** Names of limits in report mode that would have denied. */
  reported: readonly string[]
  /** Set when this delivery is done already: the `sallyport-id` of the first. */
  duplicateOf: string | undefined
}

type Background = (promise: Promise<unknown>) => void

/** Builds the one question to shared state: every limit and the replay claim of this request. */
export async function admitRequest(
  facts: Validated,
  route: Route,
  routeId: string,
  background: Background,
): Promise<AdmitRequest> {
  return {
    token: crypto.randomUUID(),
    now: facts.now,
    background,
    ...(facts.client.key !== undefined && { client: facts.client.key }),
    principal: facts.principal.id,
    limits: await Promise.all(route.limits.map((limit) => limitClaim(limit, facts, route, routeId))),
    ...(facts.replay && { claim: await deliveryClaim(facts, facts.replay, route, routeId) }),
  }
}

/** Asks shared state inside the deadline, once more on a failure; what came too late is given back. */
export async function admit(
  state: State,
  request: AdmitRequest,
  route: Route,
  deadlineMs: number,
): Promise<Result<Admitted>> {
  const admission = await ask(state, request, deadlineMs)
  if (!admission) {
    return deny('state_unavailable', 'shared state failed or did not answer inside the deadline', {
      measure: { limit: deadlineMs, actual: deadlineMs, unit: 'milliseconds' },
      retryAfterSeconds: RETRY_AFTER_STATE_SECONDS,
    })
  }
  const readings = 'limits' in admission ? admission.limits : []
  const headers = rateLimitHeaders(readings)
  const admitted = { request, readings, reported: [], duplicateOf: undefined }
  switch (admission.outcome) {
    case 'admitted':
      return allow({ ...admitted, reported: admission.reported })
    case 'blocked':
      return deny('client_blocked', 'the client is blocked in shared state')
    case 'revoked':
      return deny('principal_revoked', 'the principal is revoked in shared state')
    case 'limited':
      return limited(admission, route, headers)
    case 'leased':
      return deny('delivery_in_progress', 'another request holds the lease of this delivery', {
        retryAfterSeconds: admission.retryAfterSeconds,
        headers,
      })
    case 'done': {
      const { duplicateOf } = admission
      if (route.replay.onDuplicate !== 'refuse') return allow({ ...admitted, duplicateOf })
      return deny('delivery_repeated', 'this delivery is done', {
        headers: { ...headers, 'sallyport-duplicate-of': duplicateOf },
      })
    }
  }
}

async function ask(state: State, request: AdmitRequest, deadlineMs: number): Promise<Admission | undefined> {
  const end = performance.now() + deadlineMs
  const tries: Promise<Admission>[] = []
  // Half for the first try: a lost reply leaves room for the second, which finds the first by its token.
  for (const share of [0.5, 1]) {
    const leftMs = (end - performance.now()) * share
    if (leftMs <= 0) break
    const attempt = state.admit(request)
    tries.push(attempt)
    const admission = await settledWithin(attempt, leftMs)
    if (admission) return admission
  }
  request.background?.(
    Promise.allSettled(tries)
      .then(() => state.giveBack(request))
      .catch(() => undefined),
  )
  return undefined
}

function limited(
  { violated, retryAfterSeconds, limits }: Extract<Admission, { outcome: 'limited' }>,
  route: Route,
  headers: Readonly<Record<string, string>>,
): Result<Admitted> {
  const names = violated.map((name) => name.slice(name.indexOf(':') + 1))
  const max = route.limits.find((limit) => limit.name === names[0])?.max ?? limits[0]?.max ?? 0
  const measure: Denial['measure'] = { limit: max, actual: max + 1, unit: 'count' }
  return deny('rate_limited', `over the limit: ${names.join(', ')}`, {
    measure,
    retryAfterSeconds,
    headers,
    extensions: { 'violated-policies': names },
  })
}

async function limitClaim(
  limit: CompiledLimit,
  facts: Validated,
  route: Route,
  routeId: string,
): Promise<LimitClaim> {
  const { algorithm, max, windowMs, refill, mode, cost } = limit
  return {
    algorithm,
    max,
    windowMs,
    refill,
    mode,
    cost,
    name: `${routeId}:${limit.name}`,
    owner: await ownerOf(limit, facts, route, routeId),
  }
}

async function ownerOf(
  { by, name }: CompiledLimit,
  facts: Validated,
  route: Route,
  routeId: string,
): Promise<LimitClaim['owner']> {
  switch (by) {
    case 'route':
      return `route:${routeId}`
    case 'client':
      return `client:${facts.client.key ?? 'unknown'}`
    case 'principal':
      return `principal:${facts.principal.id}`
    default:
      // Those about whom the function cannot speak are counted together.
      return `key:${await digestOf(
        routeId,
        name,
        askRoute(route, facts, () => by(facts), ''),
      )}`
  }
}

async function deliveryClaim(
  facts: Validated,
  replay: NonNullable<Validated['replay']>,
  route: Route,
  routeId: string,
): Promise<DeliveryClaim> {
  const tenant = askRoute(route, facts, () => route.replay.tenant?.(facts), undefined) ?? ''
  return {
    route: routeId,
    key: await digestOf(routeId, tenant, replay.kind, replay.id),
    requestId: facts.id,
    kind: replay.kind,
    leaseMs: route.forward.timeoutMs + LEASE_MARGIN_MS,
    ttlMs: Math.max(route.replay.ttlMs ?? replay.ttlMs, replay.floorMs),
    copiesPass: route.replay.onDuplicate === 'forward',
  }
}

/** Hex SHA-256 over the parts; JSON keeps them apart, whatever they hold. */
const digestOf = async (...parts: readonly string[]): Promise<string> =>
  encodeHex(await sha256(utf8(JSON.stringify(parts))))
