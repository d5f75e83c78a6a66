import { allow, type Consulted, type Denial, deny, type Result } from '../../contract.ts'
import { limitName, rateLimitHeaders } from '../../lib/rate-limit.ts'
import type { Route } from '../../route.ts'
import type { Admission, AdmitRequest, LimitReading, State } from '../../state/state.ts'
import { ask } from './ask.ts'
import { fallBack } from './failure.ts'

export { askOnce } from './ask.ts'
export { admitRequest } from './request.ts'

/** Under what a request is admitted. */
export interface Terms {
  route: Pick<Route, 'authenticate' | 'failure' | 'replay'>
  /** Milliseconds that are left for it. */
  deadlineMs: number
  /** Adds the `X-RateLimit-*` headers. */
  legacyHeaders: boolean
}

export interface Admitted {
  readings: readonly LimitReading[]
  /** The RateLimit fields of the answer. */
  headers: Readonly<Record<string, string>>
  /** Names of limits in report mode that would have denied. */
  reported: readonly string[]
  /** Set when this delivery is done already: the `sallyport-id` of the first. */
  duplicateOf: string | undefined
}

/** Asks shared state inside the deadline; where it does not decide, the route's failure policy does. */
export async function admit(
  state: State,
  request: AdmitRequest,
  terms: Terms,
): Promise<{ consulted: Consulted; result: Result<Admitted> }> {
  const { deadlineMs, legacyHeaders: legacy } = terms
  const { how, admission, fault } = await ask(state, request, deadlineMs)
  if (admission !== undefined) {
    const consulted: Consulted = { asked: how, fault, policy: null, count: null }
    return { consulted, result: decide(admission, request, terms) }
  }
  const measure =
    fault === 'no answer in time'
      ? ({ limit: deadlineMs, actual: deadlineMs, unit: 'milliseconds' } as const)
      : undefined
  const { policy, count, result } = fallBack(request, terms, fault, measure)
  const consulted: Consulted = { asked: how, fault, policy, count }
  if (!result.ok) return { consulted, result }
  const { readings } = result.value
  const headers = rateLimitHeaders(readings, { legacy })
  return { consulted, result: allow({ readings, headers, reported: [], duplicateOf: undefined }) }
}

function decide(
  admission: Admission,
  request: AdmitRequest,
  { route, legacyHeaders }: Terms,
): Result<Admitted> {
  const readings = 'limits' in admission ? admission.limits : []
  const headers = rateLimitHeaders(readings, { policies: request.limits, legacy: legacyHeaders })
  const admitted = { readings, headers, reported: [], duplicateOf: undefined }
  switch (admission.outcome) {
    case 'admitted':
      return allow({ ...admitted, reported: admission.reported })
    case 'blocked':
      return deny('client_blocked', 'the client is blocked in shared state')
    case 'revoked':
      return deny('principal_revoked', 'the principal is revoked in shared state')
    case 'limited':
      return limited(admission, request, headers)
    case 'leased':
      return deny('delivery_in_progress', 'another request holds the lease of this delivery', {
        retryAfterSeconds: admission.retryAfterSeconds,
        headers,
      })
    case 'done': {
      const { duplicateOf } = admission
      // What may be used once has no copy that could be acknowledged.
      const isOnce = request.claim?.kind === 'once'
      if (isOnce && route.authenticate.kind !== 'webhook') {
        const challenge = { scheme: 'DPoP' }
        return deny('proof_refused', 'the proof was used before', { headers, challenge })
      }
      if (!isOnce && route.replay.onDuplicate !== 'refuse') return allow({ ...admitted, duplicateOf })
      return deny('delivery_repeated', 'this delivery is done', {
        headers: { ...headers, 'sallyport-duplicate-of': duplicateOf },
      })
    }
  }
}

function limited(
  { violated, retryAfterSeconds, limits: readings }: Extract<Admission, { outcome: 'limited' }>,
  { limits }: AdmitRequest,
  headers: Readonly<Record<string, string>>,
): Result<Admitted> {
  const names = violated.map((name) => limitName({ name }))
  const max = limits.find(({ name }) => name === violated[0])?.max ?? 0
  const measure: Denial['measure'] = { limit: max, actual: max + 1, unit: 'count' }
  // Retry-After takes precedence, and must not come before the `t` of a limit that denies.
  const resets = readings
    .filter(({ name }) => violated.includes(name))
    .map(({ resetSeconds }) => resetSeconds)
  return deny('rate_limited', `over the limit: ${names.join(', ')}`, {
    measure,
    retryAfterSeconds: Math.max(retryAfterSeconds, ...resets),
    headers,
    extensions: { 'violated-policies': names },
  })
}
