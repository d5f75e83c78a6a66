import { type Authenticated, allow, type Result, type Validated } from '../../contract.ts'
import type { Route } from '../../route.ts'
import { validateContent } from './content.ts'
import { validateQuery } from './query.ts'
import { match } from './schema.ts'

/** Shape after identity: strict bytes → strict JSON or form → schema; path parameters, query and headers too. */
export function validate(facts: Authenticated, route: Route): Result<Validated> {
  const params = route.params && match(route.params, facts.params, 'params', facts.body)
  if (params && !params.ok) return params
  const headers =
    route.headers && match(route.headers, Object.fromEntries(facts.headers), 'headers', facts.body)
  if (headers && !headers.ok) return headers
  const query = validateQuery(facts, route)
  if (!query.ok) return query
  const content = validateContent(facts, route)
  if (!content.ok) return content
  return allow({ ...facts, ...content.value, forwardSearch: query.value })
}
