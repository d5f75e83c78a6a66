import { Hono } from 'hono'
import { type Denial, deny, type Env, type Matched, type Received } from './contract.ts'
import { CONTROL_ID, type Control, command, compileControl } from './control/index.ts'
import { refuse } from './denials.ts'
import { observe } from './observe.ts'
import { type Context, internalError, Passage } from './passage.ts'
import { bySpecificity, compilePattern, equallySpecific, type Pattern } from './pattern.ts'
import { enforce } from './pipeline.ts'
import { checkPools } from './pools.ts'
import { compileResource, METADATA_CACHE_CONTROL } from './resource.ts'
import type { Route } from './route.ts'
import { compileSettings, type GatewayOptions, type Settings } from './settings.ts'
import { receive } from './stages/receive.ts'
import {
  finding,
  type Journal,
  noteReceived,
  openJournal,
  record,
  type Stage,
} from './stages/record/index.ts'
import { resembles, unmatchedRoute } from './unmatched.ts'

/** Routes by their id: the name of the file under `routes/`. Ids live in shared state, so a rename forgets claims. */
export type Routes = Readonly<Record<string, Route>>

/** One path pattern with the route that each method leads to. */
interface Place {
  pattern: Pattern
  byMethod: Map<string, { routeId: string; route: Route }>
}

/** What travels with a request through Hono's router. */
interface Visit {
  received: Received
  settings: Settings
  env: Env
  ctx: Context
  journal: Journal
  /** Methods of the matching patterns so far, none of which was the request's. */
  allowed: string[]
}

const ROUTE_ID = /^[a-z0-9][a-z0-9-]{0,63}$/

/**
 * Makes the Worker's handler out of routes and options.
 * @throws {TypeError} at load: for routes that share paths while neither is the more specific one, and for limits of one
 * pool that differ.
 * @example
 * import { createGateway } from 'sallyport'
 * import { durableObjectState } from 'sallyport/durable-object'
 * import routes from '../routes/index.ts'
 *
 * export { SallyportState } from 'sallyport/durable-object'
 * export default createGateway(routes, { state: { 'durable-object': durableObjectState() } })
 */
export function createGateway(routes: Routes, options: GatewayOptions) {
  const resourceFor = options.protectedResource && compileResource(options.protectedResource, routes)
  const settingsFor = memoized(compileSettings(options, resourceFor))
  const app = router(compilePlaces(routes), options.unmatched ?? 'refuse')
  checkPools(routes)
  const control = options.control && compileControl(options.control, routes, Object.keys(options.state))

  /** The first door, then the router on the canonical path; any throw becomes one 500 and one record. */
  async function handle(request: Request, bindings: object, ctx: Context): Promise<Response> {
    const env = bindings as Env
    // The one reading of the clock that decisions rest on.
    const now = Date.now()
    const journal = openJournal(crypto.randomUUID(), now)
    const refuseHere = (stage: Stage, denial: Denial): Response => {
      const response = refuse(denial, journal.id)
      ctx.waitUntil(
        record(journal, env, options.recordClient ?? 'truncated', {
          decision: 'refused',
          refusal: finding(stage, denial),
          response,
        }),
      )
      return response
    }
    let settings: Settings
    try {
      settings = settingsFor(env)
    } catch (error) {
      return refuseHere(
        'gateway',
        deny('not_configured', error instanceof TypeError ? error.message : 'settings failed').denial,
      )
    }
    try {
      const received = receive(request, settings.hosts, now, journal.id)
      if (!received.ok) return refuseHere('receive', received.denial)
      noteReceived(journal, received.value, settings.trust === 'cloudflare')
      const visit: Visit = { received: received.value, settings, env, ctx, journal, allowed: [] }
      const document = settings.resource?.documentAt(received.value)
      if (document) return await tellResource(visit, document)
      if (control?.isAt(received.value)) return await takeCommand(visit, control)
      return await app.fetch(request, visit)
    } catch (error) {
      return refuseHere('gateway', internalError(error))
    }
  }
  return { fetch: handle }
}

/** Hono routes on the canonical path; each method is looked up by its real name, so HEAD is never run as GET. */
function router(places: readonly Place[], unmatched: NonNullable<GatewayOptions['unmatched']>) {
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

function pass(
  visit: Visit,
  { routeId, route }: { routeId: string; route: Route },
  params: Matched['params'],
): Promise<Response> {
  const { received, settings, env, ctx, journal } = visit
  const { state } = settings
  const passage = new Passage({ received, route, routeId, env, ctx, settings, state, journal })
  const matched: Matched = { ...visit.received, params }
  return route.mode === 'enforce' ? enforce(passage, matched) : observe(passage, matched)
}

/** The metadata of the protected resource takes the same way as a public route, up to its answer. */
async function tellResource(visit: Visit, route: Route): Promise<Response> {
  if (!route.methods.includes(visit.received.method)) {
    const headers = { allow: route.methods.join(', ') }
    return turnAway(visit, deny('method_not_allowed', 'metadata is only read', { headers }).denial)
  }
  const response = await pass(visit, { routeId: 'protected-resource', route }, {})
  if (response.status === 200) response.headers.set('cache-control', METADATA_CACHE_CONTROL)
  return response
}

/** Commands take a way of their own: nothing of them goes to an origin. */
async function takeCommand(visit: Visit, control: Control): Promise<Response> {
  const { received, settings, env, ctx, journal } = visit
  if (received.method !== 'POST') {
    return turnAway(
      visit,
      deny('method_not_allowed', 'commands are sent by POST', { headers: { allow: 'POST' } }).denial,
    )
  }
  const { route } = control
  const passage = new Passage({
    received,
    route,
    routeId: CONTROL_ID,
    env,
    ctx,
    settings,
    state: settings.state,
    journal,
  })
  return command(passage, { ...received, params: {} }, control)
}

function turnAway({ env, ctx, journal, settings }: Visit, denial: Denial): Response {
  const response = refuse(denial, journal.id)
  ctx.waitUntil(
    record(journal, env, settings.clientForm, {
      decision: 'refused',
      refusal: finding('match', denial),
      response,
    }),
  )
  return response
}

function compilePlaces(routes: Routes): Place[] {
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

/**
 * Bindings are the same for the life of an isolate: what they settle is computed once, and with it lives what the isolate
 * remembers. A copy of the bindings counts as the bindings.
 */
function memoized(compute: (env: Env) => Settings): (env: Env) => Settings {
  let last: { env: Env; settings: Settings } | undefined
  return (env) => {
    if (last === undefined || !sameBindings(last.env, env)) last = { env, settings: compute(env) }
    return last.settings
  }
}

function sameBindings(a: Env, b: Env): boolean {
  if (a === b) return true
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
