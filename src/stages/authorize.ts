import { type Authenticated, allow, type Result } from '../contract.ts'
import type { Route } from '../route.ts'

/** Asks the route's rule; where it cannot decide, it has refused. */
export function authorize(facts: Authenticated, route: Pick<Route, 'authorize'>): Result<Authenticated> {
  if (!route.authorize) return allow(facts)
  const { principal, params, method, client, now } = facts
  const verdict = route.authorize.test({ principal, params, method, client, now })
  return verdict.ok ? allow(facts) : { ok: false, denial: verdict.denial }
}
