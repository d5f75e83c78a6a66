import { METHOD_NAME_ALL } from 'hono/router'
import { PatternRouter } from 'hono/router/pattern-router'
import { deny, type Matched } from './contract.ts'
import type { Place } from './places.ts'
import type { GatewayOptions } from './settings.ts'
import { finding } from './stages/record/index.ts'
import { resembles, unmatchedRoute } from './unmatched.ts'
import { pass, turnAway, type Visit } from './visit.ts'

/** Hono's router on the canonical path; each method is looked up by its real name, so HEAD is never run as GET. */
export function router(places: readonly Place[], unmatched: NonNullable<GatewayOptions['unmatched']>) {
  const passOn = unmatched === 'refuse' ? undefined : unmatchedRoute(unmatched.reportAndForward)
  const patterns = places.map(({ pattern }) => pattern)
  const placesOf = matcher(places)

  async function dispatch(visit: Visit): Promise<Response> {
    const { method, path } = visit.received
    for (const [{ byMethod }, params] of placesOf(path)) {
      const found = byMethod.get(method)
      if (found) return pass(visit, found, params)
      // A wider pattern may take the method; if none does, these are what the path takes.
      visit.allowed.push(...byMethod.keys())
    }
    if (visit.allowed.length > 0) {
      // Also where unmatched paths go on: HEAD must not get around what guards GET.
      const headers = { allow: [...new Set(visit.allowed)].join(', ') }
      const { denial } = deny('method_not_allowed', 'no route of this path takes the method', { headers })
      return turnAway(visit, denial)
    }
    const { denial } = deny('route_not_found', 'no route declares this path')
    if (!passOn || resembles(path, patterns)) return turnAway(visit, denial)
    visit.journal.reported.push(finding('match', denial))
    return pass(visit, { routeId: 'unmatched', route: passOn }, {})
  }

  return {
    async fetch(request: Request, visit: Visit): Promise<Response> {
      const response = await dispatch(visit)
      // Whatever made the answer: HEAD has no content (RFC 9110 section 9.3.2).
      return request.method === 'HEAD' ? new Response(null, response) : response
    },
  }
}

/** Finds the places of a canonical path, the most specific one first, each with the path's parameters decoded once. */
export function matcher<P extends Pick<Place, 'pattern'>>(places: readonly P[]) {
  const router = new PatternRouter<P>()
  for (const place of places) router.add(METHOD_NAME_ALL, place.pattern.text, place)
  return (path: string): [P, Matched['params']][] =>
    router
      .match(METHOD_NAME_ALL, path)[0]
      // That router takes a slash at the end for nothing; here it begins another segment.
      .filter(([{ pattern }]) => pattern.open || path === '/' || !path.endsWith('/'))
      .map(([place, params]) => [place, decoded(params as Record<string, string>)])
}

function decoded(params: Readonly<Record<string, string | number>>): Matched['params'] {
  const values: Record<string, string> = {}
  // What a canonical path has escaped decodes.
  for (const [name, value] of Object.entries(params)) values[name] = decodeURIComponent(String(value))
  return values
}
