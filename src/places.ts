import { bySpecificity, compilePattern, equallySpecific, type Pattern } from './pattern.ts'
import type { Route } from './route.ts'

/** Routes by their id: the name of the file under `routes/`. Ids live in shared state, so a rename forgets claims. */
export type Routes = Readonly<Record<string, Route>>

/** One path pattern with the route that each method leads to. */
export interface Place {
  pattern: Pattern
  byMethod: Map<string, { routeId: string; route: Route }>
}

const ROUTE_ID = /^[a-z0-9][a-z0-9-]{0,63}$/

/** Checks how routes share paths, and sorts them: the most specific pattern comes first. */
export function compilePlaces(routes: Routes): Place[] {
  const places = new Map<string, Place>()
  for (const [routeId, route] of Object.entries(routes)) {
    if (!ROUTE_ID.test(routeId)) {
      throw new TypeError(
        `routes/${routeId}.ts: the route's id must be lower-case letters, digits and '-'; rename the file`,
      )
    }
    const pattern = compilePattern(route.path)
    for (const method of route.methods) {
      for (const other of places.values()) {
        const rival = other.byMethod.get(method)
        if (!rival || !equallySpecific(pattern, other.pattern)) continue
        throw new TypeError(
          `routes/${routeId}.ts: path: ${method} ${route.path} is as specific as ${rival.route.path} of routes/${rival.routeId}.ts; make one of them narrower or remove it`,
        )
      }
      const place = places.get(route.path) ?? { pattern, byMethod: new Map() }
      place.byMethod.set(method, { routeId, route })
      places.set(route.path, place)
    }
  }
  return [...places.values()].sort((a, b) => bySpecificity(a.pattern, b.pattern))
}
