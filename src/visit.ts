import type { Denial, Env, Matched, Received } from './contract.ts'
import { refuse } from './denials.ts'
import { observe } from './observe.ts'
import { type Context, Passage } from './passage.ts'
import { enforce } from './pipeline.ts'
import type { Route } from './route.ts'
import type { Settings } from './settings.ts'
import { finding, type Journal, record } from './stages/record/index.ts'

/** What travels with a request through Hono's router. */
export interface Visit {
  received: Received
  settings: Settings
  env: Env
  ctx: Context
  journal: Journal
  /** Methods of the matching patterns so far, none of which was the request's. */
  allowed: string[]
}

/** A route with its id. */
export interface Found {
  routeId: string
  route: Route
}

/** Everything about the request that its route's way needs beside its facts. */
export function passageOf(visit: Visit, found: Found): Passage {
  const { received, settings, env, ctx, journal } = visit
  return new Passage({ ...found, received, env, ctx, settings, state: settings.state, journal })
}

/** Goes the way of a route with a request. */
export function pass(visit: Visit, found: Found, params: Matched['params']): Promise<Response> {
  const passage = passageOf(visit, found)
  const matched: Matched = { ...visit.received, params }
  return found.route.mode === 'enforce' ? enforce(passage, matched) : observe(passage, matched)
}

/** Refuses a request that no route takes. */
export function turnAway({ env, ctx, journal, settings }: Visit, denial: Denial): Response {
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
