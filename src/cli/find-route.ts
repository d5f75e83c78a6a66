import type { Routes } from '../gateway.ts'
import { canonicalPath } from '../lib/path.ts'
import { bySpecificity, compilePattern, contains, type Pattern } from '../pattern.ts'
import type { Route } from '../route.ts'
import { notOneOf, UsageError } from './arguments.ts'

/** A route with the request that it is asked about. */
export interface FoundRoute {
  id: string
  route: Route
  method: string
  /** Undefined where no real path was named. */
  params: Readonly<Record<string, string>> | undefined
}

/**
 * The route that a text names: by its file, or by method and path as the gateway picks it, the most specific first. The path
 * is a real one, or a pattern.
 */
export function findRoute(routes: Routes, named: string): FoundRoute {
  const [, method = '', target = ''] = /^([A-Z]+) (\/.*)$/.exec(named) ?? []
  if (target === '') return byFile(routes, named)
  const path = target.replace(/[?#].*$/, '')
  const places = Object.entries(routes)
    .map(([id, route]) => ({ id, route, method, pattern: compilePattern(route.path) }))
    .filter(({ route }) => route.methods.includes(method))
    .sort((a, b) => bySpecificity(a.pattern, b.pattern))
  const sought = patternOf(path)
  for (const { pattern, ...found } of places) {
    if (sought === undefined) {
      const params = paramsOf(pattern, segmentsOf(path))
      if (params !== undefined) return { ...found, params }
    } else if (contains(pattern, sought)) return { ...found, params: undefined }
  }
  throw new UsageError(`--route: no route takes ${method} ${path}`)
}

function byFile(routes: Routes, named: string): FoundRoute {
  const id = named.replace(/^(?:\.\/)?routes\//, '').replace(/\.ts$/, '')
  const route = Object.hasOwn(routes, id) ? routes[id] : undefined
  if (route === undefined) throw new UsageError(`--route: ${notOneOf(named, Object.keys(routes), 'route')}`)
  const params = patternOf(route.path) === undefined ? {} : undefined
  return { id, route, method: route.methods[0] ?? 'GET', params }
}

/** A path that stands for many, or undefined for a real one. */
function patternOf(path: string): Pattern | undefined {
  try {
    const pattern = compilePattern(path)
    return pattern.open || pattern.segments.some((segment) => 'param' in segment) ? pattern : undefined
  } catch {
    // Real paths have characters that no pattern has.
    return undefined
  }
}

function segmentsOf(path: string): readonly string[] {
  const canonical = canonicalPath(path)
  if (!canonical.ok) throw new UsageError(`--route: '${path}' is no path that the gateway takes`)
  return canonical.path === '/' ? [] : canonical.segments
}

/** Path parameters, percent-decoded once, or undefined where the pattern does not match. */
function paramsOf({ segments, open }: Pattern, path: readonly string[]): Record<string, string> | undefined {
  if (open ? path.length < segments.length : path.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, segment] of segments.entries()) {
    const part = path[i] ?? ''
    if ('param' in segment ? part === '' : part !== segment.literal) return undefined
    if ('param' in segment) params[segment.param] = part
  }
  return params
}
