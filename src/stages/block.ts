import { allow, deny, type Identified, type Result } from '../contract.ts'
import type { Route } from '../route.ts'
import type { State } from '../state/state.ts'

/** Refuses by the lists of gateway and route, and by the live blocks that this isolate already knows: no call is made. */
export function block(
  facts: Identified,
  route: Pick<Route, 'isClientAllowed'>,
  isAllowedEverywhere: Route['isClientAllowed'],
  state: Pick<State, 'knowsBlocked'>,
): Result<Identified> {
  if (!isAllowedEverywhere(facts.client))
    return deny('client_denied', "the client is not allowed by the gateway's lists")
  if (!route.isClientAllowed(facts.client))
    return deny('client_denied', "the client is not allowed by the route's lists")
  if (facts.client.key !== undefined && state.knowsBlocked(facts.client.key, facts.now)) {
    return deny('client_blocked', 'the client is blocked in shared state')
  }
  return allow(facts)
}
