import type { GenericSchema, InferOutput } from 'valibot'
import { compileClients } from './clients.ts'
import type { Principal } from './contract.ts'
import { type Duration, parseDuration } from './lib/duration.ts'
import { compilePattern } from './pattern.ts'
import type {
  AuthorizeRule,
  BodyOptions,
  CompiledLimit,
  LimitOptions,
  Method,
  Route,
  RouteFacts,
  RouteOptions,
} from './route.ts'

const DEFAULT_MAX_BODY_BYTES = 1_048_576
/** The isolate has 128 MB for everything that it does at once. */
const MAX_BODY_BYTES = 16_777_216
const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
] as const satisfies readonly Method[]
const SENSITIVITIES = ['public', 'internal', 'pii', 'payment']
const NAME = /^[a-z][a-z0-9-]{0,31}$/

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
  const methods = typeof options.method === 'string' ? [options.method] : [...options.method]
  const fail = (option: string, problem: string): never => {
    throw new TypeError(`${methods.join('|')} ${options.path}: ${option}: ${problem}`)
  }
  const check = (sound: boolean, option: string, problem: string) => sound || fail(option, problem)
  const duration = (option: string, text: Duration): number =>
    parseDuration(text) ??
    fail(option, `'${text}' is not a duration; write a whole number, a space and ms, s, m, h or d: '10 s'`)

  check(methods.length > 0, 'method', 'is empty; name at least one')
  for (const method of methods) {
    check(METHODS.includes(method), 'method', `'${method}' is not supported; use ${METHODS.join(', ')}`)
  }
  within('path', fail, () => compilePattern(options.path))
  check(options.owner.trim() !== '', 'owner', 'is empty; name the team that answers for the route')
  check(SENSITIVITIES.includes(options.sensitivity), 'sensitivity', `use one of ${SENSITIVITIES.join(', ')}`)
  check(['enforce', 'report', undefined].includes(options.mode), 'mode', `use 'enforce' or 'report'`)
  check(
    options.authenticate.kind !== 'token' || options.authorize !== undefined,
    'authorize',
    'is missing; a token says who calls, this says who may',
  )

  const isClientAllowed = within('clients', fail, () => compileClients(options.clients))
  const body = options.body && bodyOf(options.body)
  if (body) {
    check(
      Number.isSafeInteger(body.maxBytes) && body.maxBytes > 0 && body.maxBytes <= MAX_BODY_BYTES,
      'body.maxBytes',
      `is ${body.maxBytes}; use 1 to ${MAX_BODY_BYTES} bytes`,
    )
  }
  const timeoutMs = duration('forward.timeout', options.forward.timeout ?? '10 s')
  check(timeoutMs <= 120_000, 'forward.timeout', `is ${options.forward.timeout}; use at most '120 s'`)
  const ttl = options.replay?.ttl
  return {
    methods,
    path: options.path,
    owner: options.owner,
    sensitivity: options.sensitivity,
    mode: options.mode ?? 'enforce',
    authenticate: options.authenticate as Route['authenticate'],
    authorize: options.authorize as Route['authorize'],
    isClientAllowed,
    limits: compileLimits(options.limits ?? [], fail, duration),
    body,
    query: options.query,
    params: options.params as GenericSchema | undefined,
    headers: options.headers as GenericSchema | undefined,
    replay: {
      ttlMs: ttl === undefined ? undefined : duration('replay.ttl', ttl),
      onDuplicate: options.replay?.onDuplicate ?? 'acknowledge',
      tenant: options.replay?.tenant as Route['replay']['tenant'],
    },
    deadlineMs: duration(
      'deadline',
      options.deadline ?? (options.authenticate.kind === 'webhook' ? '2 s' : '1 s'),
    ),
    budgetMs: duration('budget', options.budget ?? '50 ms'),
    forward: {
      to: options.forward.to,
      timeoutMs,
      path: options.forward.path as Route['forward']['path'],
      headers: options.forward.headers as Route['forward']['headers'],
      body: options.forward.body ?? 'validated',
    },
  }
}

type Fail = (option: string, problem: string) => never

/** Runs a compiler of one option, so that its complaint names the route too. */
function within<T>(option: string, fail: Fail, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    return fail(option, error instanceof Error ? error.message.replace(`${option}: `, '') : 'is not valid')
  }
}

function bodyOf(body: GenericSchema | BodyOptions<GenericSchema>): Required<BodyOptions<GenericSchema>> {
  const options =
    'schema' in body && !('kind' in body)
      ? (body as BodyOptions<GenericSchema>)
      : { schema: body as GenericSchema }
  return { mediaType: 'application/json', maxBytes: DEFAULT_MAX_BODY_BYTES, mode: 'enforce', ...options }
}

function compileLimits<Facts>(
  limits: readonly LimitOptions<Facts>[],
  fail: Fail,
  duration: (option: string, text: Duration) => number,
): CompiledLimit[] {
  const names = new Set<string>()
  return limits.map((limit, i) => {
    const at = (option: string) => `limits[${i}].${option}`
    const check = (sound: boolean, option: string, problem: string) => sound || fail(at(option), problem)
    const whole = (option: string, value: number) =>
      check(Number.isSafeInteger(value) && value > 0, option, `is ${value}; use a whole number above 0`)
    const name = limit.name ?? (typeof limit.by === 'string' ? limit.by : 'custom')
    check(NAME.test(name), 'name', `'${name}' is not a name; use lower-case letters, digits and '-'`)
    check(
      !names.has(name),
      'name',
      `'${name}' is taken by another limit of this route; give each its own name`,
    )
    names.add(name)
    whole('max', limit.max)
    const cost = limit.cost ?? 1
    whole('cost', cost)
    check(cost <= limit.max, 'cost', `is ${cost}, more than max (${limit.max}): no request would ever pass`)
    const refill = limit.refill ?? limit.max
    whole('refill', refill)
    check(
      limit.refill === undefined || limit.algorithm === 'tokenBucket',
      'refill',
      `belongs to algorithm: 'tokenBucket'`,
    )
    return {
      name,
      by: limit.by as CompiledLimit['by'],
      algorithm: limit.algorithm ?? 'slidingWindow',
      max: limit.max,
      windowMs: duration(at('window'), limit.window),
      refill,
      cost,
      mode: limit.mode ?? 'enforce',
    }
  })
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

export type { InferOutput, RouteFacts }
