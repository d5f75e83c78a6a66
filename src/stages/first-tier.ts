import { allow, type Denial, deny, type Identified, type Result } from '../contract.ts'
import { within } from '../lib/wait.ts'
import type { Route } from '../route.ts'

/** A Workers rate-limit binding. */
export interface Limiter {
  limit(options: { key: string }): Promise<{ success: boolean }>
}

/** The binding's period is 10 or 60 s and is not told to the Worker: the shorter one costs a client at most a request more. */
const RETRY_AFTER_SECONDS = 10

/**
 * A cheap limit before anything is read or verified: local to the location, permissive, and never the real one. So a
 * binding that fails lets the request go on; what is returned then is for the record. A client whose address nobody
 * believes is not limited here: all of them would share one count.
 */
export async function firstTier(
  { client }: Identified,
  { firstTier: by }: Pick<Route, 'firstTier'>,
  routeId: string,
  limiter: Limiter,
  waitMs: number,
): Promise<Result<Denial | undefined>> {
  if (by === 'off' || (by === 'client' && client.key === undefined)) return allow(undefined)
  const key = by === 'client' ? `${routeId}:${client.key}` : routeId
  const waited = await within(waitMs, () => limiter.limit({ key }))
  if (waited.ended !== 'value' || typeof waited.value?.success !== 'boolean') {
    return allow(
      deny('state_unavailable', 'the first tier failed or did not answer, and the request went on').denial,
    )
  }
  if (waited.value.success) return allow(undefined)
  return deny('rate_limited', `over the limit of the first tier, by ${by}`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    extensions: { 'violated-policies': ['first-tier'] },
  })
}
