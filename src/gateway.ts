import { memoized } from './bindings.ts'
import { type Denial, deny, type Env } from './contract.ts'
import { CONTROL_ID, type Control, command, compileControl } from './control/index.ts'
import { refuse } from './denials.ts'
import { type Context, internalError } from './passage.ts'
import { compilePlaces, type Routes } from './places.ts'
import { checkPools } from './pools.ts'
import { compileResource, METADATA_CACHE_CONTROL } from './resource.ts'
import type { Route } from './route.ts'
import { router } from './router.ts'
import { compileSettings, type GatewayOptions, type Settings } from './settings.ts'
import { receive } from './stages/receive.ts'
import { finding, noteReceived, openJournal, record, type Stage } from './stages/record/index.ts'
import { pass, passageOf, turnAway, type Visit } from './visit.ts'

export type { Routes } from './places.ts'

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
  const { received } = visit
  if (received.method !== 'POST') {
    const headers = { allow: 'POST' }
    return turnAway(visit, deny('method_not_allowed', 'commands are sent by POST', { headers }).denial)
  }
  const passage = passageOf(visit, { routeId: CONTROL_ID, route: control.route })
  return command(passage, { ...received, params: {} }, control)
}
