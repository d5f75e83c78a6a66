import { Hono } from 'hono'
import { deny } from './contract.ts'
import type { Place } from './places.ts'
import type { GatewayOptions } from './settings.ts'
import { finding } from './stages/record/index.ts'
import { resembles, unmatchedRoute } from './unmatched.ts'
import { pass, turnAway, type Visit } from './visit.ts'

/** Hono routes on the canonical path; each method is looked up by its real name, so HEAD is never run as GET. */
export function router(places: readonly Place[], unmatched: NonNullable<GatewayOptions['unmatched']>) {
  const passOn = unmatched === 'refuse' ? undefined : unmatchedRoute(unmatched.reportAndForward)
  const patterns = places.map(({ pattern }) => pattern)
  const app = new Hono<{ Bindings: Visit }>({
    getPath: (_, options) => (options as { env: Visit }).env.received.path,
  })
  for (const { pattern, byMethod } of places) {
    app.all(pattern.text, async (c, next) => {
      const found = byMethod.get(c.env.received.method)
      if (found) return pass(c.env, found, c.req.param())
      // A wider pattern may take the method; if none does, these are what the path takes.
      c.env.allowed.push(...byMethod.keys())
      return next()
    })
  }
  app.notFound((c) => {
    const allow = [...new Set(c.env.allowed)].join(', ')
    if (allow !== '') {
      // Also where unmatched paths go on: HEAD must not get around what guards GET.
      const denial = deny('method_not_allowed', 'no route of this path takes the method', {
        headers: { allow },
      })
      return turnAway(c.env, denial.denial)
    }
    const { denial } = deny('route_not_found', 'no route declares this path')
    if (!passOn || resembles(c.env.received.path, patterns)) return turnAway(c.env, denial)
    c.env.journal.reported.push(finding('match', denial))
    return pass(c.env, { routeId: 'unmatched', route: passOn }, {})
  })
  // Hono would turn a throw into a bare 500; the gateway above makes the problem and the record.
  app.onError((error) => {
    throw error
  })
  return app
}
