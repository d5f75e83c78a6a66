import type { GenericSchema } from 'valibot'
import { type Authenticated, allow, deny, type Result } from '../../contract.ts'
import type { Route } from '../../route.ts'
import { match } from './schema.ts'

/** The query to forward, out of the validated values; without a schema there is none. */
export function validateQuery(facts: Authenticated, route: Pick<Route, 'query'>): Result<string> {
  if (facts.search === '') return route.query ? rebuild({}, route.query, facts) : allow('')
  if (!route.query) return deny('query_not_declared', 'a query came to a route without a query schema')
  const values = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(facts.search)) {
    const before = values.get(name)
    if (before) before.push(value)
    else values.set(name, [value])
  }
  const single = Array.from(values, ([name, all]) => [name, all.length === 1 ? all[0] : all])
  return rebuild(Object.fromEntries(single), route.query, facts)
}

/** The origin gets the query that was validated, never the one that was sent: nothing can hide beside it. */
function rebuild(values: object, schema: GenericSchema, facts: Authenticated): Result<string> {
  const parsed = match(schema, values, 'query', facts.body)
  if (!parsed.ok) return parsed
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parsed.value as Record<string, unknown>)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) search.append(name, String(one))
    }
  }
  return allow(search.size === 0 ? '' : `?${search}`)
}
