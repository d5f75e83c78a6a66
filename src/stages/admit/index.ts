import { allow, type Denial, deny, type Result } from '../../contract.ts'
import { rateLimitHeaders } from '../../lib/rate-limit.ts'
import { settledWithin } from '../../lib/wait.ts'
import type { Route } from '../../route.ts'
import type { Admission, AdmitRequest, LimitReading, State } from '../../state/state.ts'

export { admitRequest } from './request.ts'

const RETRY_AFTER_STATE_SECONDS = 5

export interface Admitted {
  request: AdmitRequest
  readings: readonly LimitReading[]
  /** Names of limits in report mode that would have denied. */
  reported: readonly string[]
  /** Set when this delivery is done already: the `sallyport-id` of the first. */
  duplicateOf: string | undefined
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
