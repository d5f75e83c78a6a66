import type { CompiledLimit, Route } from './route.ts'

/** What the limits of one pool have to share, as text that can be compared and shown. */
const shared = {
  by: ({ by }: CompiledLimit) => (typeof by === 'function' ? 'a function' : `'${by}'`),
  max: ({ max }: CompiledLimit) => String(max),
  tiers: ({ tiers }: CompiledLimit) =>
    JSON.stringify([...tiers].sort(([one], [other]) => (one < other ? -1 : 1))),
  window: ({ windowMs, calendar }: CompiledLimit) => (calendar ? `'${calendar}'` : `${windowMs} ms`),
  algorithm: ({ algorithm }: CompiledLimit) => `'${algorithm}'`,
  refill: ({ refill }: CompiledLimit) => String(refill),
}

/**
 * Compares the limits of each pool: one count cannot stand under two policies.
 * @throws {TypeError} naming both routes and what differs.
 */
export function checkPools(routes: Readonly<Record<string, Route>>): void {
  const first = new Map<string, { routeId: string; limit: CompiledLimit }>()
  for (const [routeId, route] of Object.entries(routes)) {
    for (const limit of route.limits) {
      if (limit.pool === undefined) continue
      const known = first.get(limit.pool)
      if (!known) {
        first.set(limit.pool, { routeId, limit })
        continue
      }
      for (const [option, say] of Object.entries(shared)) {
        const [here, there] = [say(limit), say(known.limit)]
        if (here === there) continue
        throw new TypeError(
          `routes/${routeId}.ts: limits: pool '${limit.pool}': ${option} is ${here}, and ${there} in routes/${known.routeId}.ts; make them the same, or use another pool`,
        )
      }
    }
  }
}
