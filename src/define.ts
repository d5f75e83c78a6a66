import type { GenericSchema } from 'valibot'
import { compileRoute } from './compile.ts'
import type { Principal } from './principals.ts'
import type { AnyRouteOptions, AuthorizeRule, Route, RouteOptions } from './route.ts'

/**
 * Declares a protected route: one file under `routes/` holds its whole policy.
 * @throws {TypeError} when the module loads, naming the route, the option and the fix.
 * @example
 * import { defineRoute } from 'sallyport'
 * import { github } from 'sallyport/webhooks'
 * import * as v from 'valibot'
 *
 * export default defineRoute({
 *   method: 'POST',
 *   path: '/webhooks/github',
 *   owner: 'platform',
 *   sensitivity: 'internal',
 *   authenticate: github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push', 'pull_request'] }),
 *   limits: [{ by: 'route', max: 600, window: '1 m' }],
 *   body: v.looseObject({ repository: v.object({ full_name: v.string() }) }),
 *   forward: { to: 'ORIGIN_URL' },
 * })
 */
export function defineRoute<
  const Path extends string,
  P extends Principal,
  K extends Principal['kind'],
  Body extends GenericSchema,
  Query extends GenericSchema,
>(options: RouteOptions<Path, P, K, Body, Query> & AuthorizeRule<P, K, Path>): Route {
  return compileRoute(options as unknown as AnyRouteOptions)
}

/** Options that several routes share, to spread into each: `{ ...api, method: 'GET', … }`. */
export const routeDefaults = <
  const T extends Partial<
    Omit<
      RouteOptions<string, Principal, Principal['kind'], GenericSchema, GenericSchema>,
      'authenticate' | 'limits' | 'replay' | 'forward'
    >
  >,
>(
  defaults: T,
): T => defaults
