import type { Routes } from '../gateway.ts'
import { bySpecificity, compilePattern, contains } from '../pattern.ts'
import type { Route } from '../route.ts'

/** What a step takes for granted about the routes. */
export interface Need {
  method: string
  path: string
  /** False for a path that no route may take by this method. @default true */
  served?: boolean
  /** Name of the authenticator. */
  by?: string
  /** The route declares the shape of its JSON body. */
  schema?: boolean
}

/** The project's routes, as the tour finds them: they may be its user's own by now. */
export class TourRoutes {
  readonly #routes: readonly Route[]
  readonly #demoIssuers: ReadonlySet<string>

  constructor(routes: Routes, demoIssuers: ReadonlySet<string>) {
    this.#routes = Object.values(routes)
    this.#demoIssuers = demoIssuers
  }

  /** The route that takes such a request: the most specific one, as the gateway picks it. */
  find(method: string, path: string): Route | undefined {
    const sought = compilePattern(path)
    const [found] = this.#routes
      .map((route) => ({ route, pattern: compilePattern(route.path) }))
      .filter(({ route, pattern }) => route.methods.includes(method) && contains(pattern, sought))
      .sort((a, b) => bySpecificity(a.pattern, b.pattern))
    return found?.route
  }

  /** Why a step with this need would say nothing about the gateway, or undefined when all is there. */
  lacks({ method, path, served = true, by, schema = false }: Need): string | undefined {
    const target = `${method} ${path}`
    const route = this.find(method, path)
    if (!served) return route && `a route takes ${target}`
    if (!route) return `no route takes ${target}`
    const { authenticate, body, mode } = route
    if (by !== undefined && authenticate.name !== by) {
      return `the route of ${target} authenticates with ${authenticate.name}, not ${by}`
    }
    if (authenticate.issuers?.some((name) => !this.#demoIssuers.has(name)) === true) {
      return `the route of ${target} takes tokens of another issuer than the demo's`
    }
    if (mode === 'report') return `the route of ${target} only reports`
    if (schema && body?.mode !== 'enforce') return `the route of ${target} enforces no schema`
    return undefined
  }
}
