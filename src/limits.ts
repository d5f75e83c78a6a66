import type { Validated } from './contract.ts'
import { durationOf, type Fail, isObject, knownOnly, nameOnly, oneOf, shown } from './options.ts'
import type { Principal } from './principals.ts'
import type { CompiledLimit, LimitOptions } from './route.ts'
import { compileUnits } from './units.ts'

const DAY_MS = 86_400_000
/** Of a calendar's month too: longer counts would be stored for longer than anybody looks after them. */
const LONGEST_DAYS = 31
const EXAMPLE = "{ by: 'route', max: 600, window: '1 m' }"
const BY = ['route', 'client', 'principal', 'tenant', 'provider', 'apiKey']
const OPTIONS = [
  'name',
  'by',
  'pool',
  'max',
  'tier',
  'tiers',
  'window',
  'algorithm',
  'refill',
  'cost',
  'allowSharedAddresses',
  'mode',
]

/** What a route's limits can count by. */
interface Place {
  kinds: readonly Principal['kind'][]
  hasTenant: boolean
}

/** Compiles the limits of a route, or fails at the first mistake. */
export function compileLimits(
  limits: readonly LimitOptions<Validated>[] | undefined,
  place: Place,
  fail: Fail,
): CompiledLimit[] {
  if (limits === undefined) return []
  if (!Array.isArray(limits)) fail('limits', `is ${shown(limits)}; write a list: [${EXAMPLE}]`)
  const list: readonly LimitOptions<Validated>[] = limits
  const names = new Set<string>()
  return Array.from(list, (limit, i) => {
    if (!isObject(limit)) fail(`limits[${i}]`, `is ${shown(limit)}; write an object: ${EXAMPLE}`)
    const compiled = compileLimit(limit, place, (option, problem) => fail(`limits[${i}].${option}`, problem))
    if (names.has(compiled.name)) {
      const problem = `'${compiled.name}' is taken by another limit of this route; give each its own name`
      fail(`limits[${i}].${limit.pool === undefined ? 'name' : 'pool'}`, problem)
    }
    names.add(compiled.name)
    return compiled
  })
}

function compileLimit(limit: LimitOptions<Validated>, place: Place, fail: Fail): CompiledLimit {
  const { by, pool } = limit
  const check = (sound: boolean, option: string, problem: string) => sound || fail(option, problem)
  knownOnly(limit, OPTIONS, '', fail)
  oneOf(limit.algorithm, ['slidingWindow', 'fixedWindow', 'tokenBucket'], 'algorithm', fail)
  oneOf(limit.mode, ['enforce', 'report'], 'mode', fail)
  check(by !== undefined, 'by', `is missing; use one of ${BY.join(', ')}, or a function`)
  if (typeof by !== 'function') oneOf(by, BY, 'by', fail)
  const misplaced = misplacedBy(limit, place)
  if (misplaced !== undefined) fail('by', misplaced)
  check(
    !limit.allowSharedAddresses || (by === 'client' && place.kinds.includes('webhook')),
    'allowSharedAddresses',
    "belongs to by: 'client' on the route of a webhook",
  )
  if (pool !== undefined) {
    nameOnly(pool, 'pool', fail)
    check(
      limit.name === undefined,
      'name',
      `is ${shown(limit.name)}, and the limit has its pool's name already`,
    )
  }
  if (limit.name !== undefined) nameOnly(limit.name, 'name', fail)
  const name = limit.name ?? pool ?? (typeof by === 'string' ? defaultName(by) : 'custom')
  return {
    name,
    pool,
    by,
    ...windowOf(limit, fail),
    ...compileUnits(limit, fail),
    mode: limit.mode ?? 'enforce',
  }
}

/** Names are in lower case, since they stand in headers. */
const defaultName = (by: string): string => (by === 'apiKey' ? 'api-key' : by)

/** Why a limit cannot count by what it says on such a route, and what would do. */
function misplacedBy(limit: LimitOptions<Validated>, { kinds, hasTenant }: Place): string | undefined {
  switch (limit.by) {
    case 'client':
      if (!kinds.includes('webhook') || limit.allowSharedAddresses === true) return undefined
      return "is 'client', and a provider's customers share the few addresses that it sends from; use 'route', 'provider' or 'tenant', or add allowSharedAddresses: true"
    case 'principal':
      if (!kinds.includes('anonymous')) return undefined
      return "is 'principal', which counts all anonymous callers as one; use 'client' or 'route'"
    case 'tenant':
      if (hasTenant) return undefined
      return "is 'tenant', and nothing says whose a request is; add tenant: (facts) => … to the route"
    case 'provider':
      if (kinds.every((kind) => kind === 'webhook')) return undefined
      return "is 'provider', which only webhooks have; use 'route', 'client' or 'principal'"
    case 'apiKey':
      if (kinds.every((kind) => kind === 'apiKey')) return undefined
      return "is 'apiKey', which not all of this route's callers have; use 'route', 'client' or 'principal'"
    default:
      return undefined
  }
}

function windowOf({ window, algorithm }: LimitOptions<Validated>, fail: Fail) {
  if (window === 'day' || window === 'month') {
    const isMonth = window === 'month'
    const days = isMonth ? LONGEST_DAYS : 1
    if (algorithm !== undefined && algorithm !== 'fixedWindow') {
      fail(
        'algorithm',
        `is '${algorithm}', and a window of the calendar is fixed; remove it, or write window: '${days} d'`,
      )
    }
    return {
      algorithm: 'fixedWindow' as const,
      windowMs: days * DAY_MS,
      calendar: isMonth ? window : undefined,
    }
  }
  const windowMs = durationOf(window, 'window', fail, "; or 'day' or 'month' of the calendar")
  if (windowMs > LONGEST_DAYS * DAY_MS) fail('window', `is ${window}; use at most '${LONGEST_DAYS} d'`)
  return { algorithm: algorithm ?? ('slidingWindow' as const), windowMs, calendar: undefined }
}
