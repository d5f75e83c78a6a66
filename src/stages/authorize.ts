import { type Authenticated, allow, deny, type Result } from '../contract.ts'
import type { Route } from '../route.ts'

/** Asks the route's predicate: anything but `true` is a refusal. */
export function authorize(facts: Authenticated, route: Pick<Route, 'authorize'>): Result<Authenticated> {
  if (!route.authorize) return allow(facts)
  const { principal, params, method } = facts
  return route.authorize({ principal, params, method }) === true
    ? allow(facts)
    : deny('not_authorized', "the route's authorize predicate said no")
}
