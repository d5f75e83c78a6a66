import type { GenericSchema } from 'valibot'
import type { Authenticator } from './authenticator.ts'
import { compileClients } from './clients.ts'
import { compileFailure } from './failure.ts'
import type { Duration } from './lib/duration.ts'
import { compileLimits } from './limits.ts'
import {
  durationOf,
  type Fail,
  functionOnly,
  isObject,
  knownOnly,
  oneOf,
  promptOnly,
  within,
} from './options.ts'
import { compilePattern } from './pattern.ts'
import type { AnyRouteOptions, BodyOptions, Route } from './route.ts'
import { authorizeRule } from './rules/route.ts'
import { checkRefusalStatuses, contentOf, timeoutOf } from './sender.ts'

const DEFAULT_MAX_BODY_BYTES = 1_048_576
/** The isolate has 128 MB for everything that it does at once. */
const MAX_BODY_BYTES = 16_777_216
/** Nobody waits longer for a gateway to decide; and a lease has to outlive it. */
const MAX_DEADLINE_MS = 15_000
const DEFAULT_BUDGET_MS = 50
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const MODES = ['enforce', 'report']
const HEADER = /^[a-z0-9-]+$/
const OPTIONS = {
  route: [
    'method',
    'path',
    'owner',
    'sensitivity',
    'mode',
    'authenticate',
    'authorize',
    'clients',
    'limits',
    'body',
    'query',
    'params',
    'headers',
    'tenant',
    'replay',
    'deadline',
    'budget',
    'failure',
    'firstTier',
    'forward',
  ],
  body: ['schema', 'mediaType', 'maxBytes', 'mode'],
  clients: ['allow', 'deny'],
  replay: ['ttl', 'onDuplicate'],
  forward: ['to', 'timeout', 'path', 'headers', 'strip', 'body'],
}

/** Checks a route's options and turns them into what the pipeline reads; throws a `TypeError` for the first mistake. */
export function compileRoute(options: AnyRouteOptions): Route {
  const methods = typeof options.method === 'string' ? [options.method] : [...(options.method ?? [])]
  const fail: Fail = (option, problem) => {
    throw new TypeError(`${methods.join('|')} ${options.path}: ${option}: ${problem}`)
  }
  const check = (sound: boolean, option: string, problem: string) => sound || fail(option, problem)
  const duration = (option: string, text: Duration) => durationOf(text, option, fail)
  const { authenticate, forward, replay = {} } = options

  check(methods.length > 0, 'method', 'is empty; name at least one')
  for (const method of methods) {
    check(METHODS.includes(method), 'method', `'${method}' is not supported; use ${METHODS.join(', ')}`)
  }
  within('path', fail, () => compilePattern(options.path))
  knownOnly(options, OPTIONS.route, '', fail)
  knownOnly(options.clients ?? {}, OPTIONS.clients, 'clients.', fail)
  knownOnly(replay, OPTIONS.replay, 'replay.', fail)
  check(
    typeof options.owner === 'string' && options.owner.trim() !== '',
    'owner',
    'is empty; name the team that answers for the route',
  )
  check(
    options.sensitivity !== undefined,
    'sensitivity',
    'is missing; use one of public, internal, pii, payment',
  )
  oneOf(options.sensitivity, ['public', 'internal', 'pii', 'payment'], 'sensitivity', fail)
  oneOf(options.mode, MODES, 'mode', fail)
  oneOf(options.firstTier, ['client', 'route', 'off'], 'firstTier', fail)
  oneOf(replay.onDuplicate, ['acknowledge', 'refuse', 'forward'], 'replay.onDuplicate', fail)
  if (typeof authenticate === 'function') fail('authenticate', 'is a function; call it: stripe({ … })')
  check(isObject(authenticate), 'authenticate', 'is missing; name a provider, or anonymous()')
  check(isObject(forward), 'forward', "is missing; say where to: { to: 'ORIGIN_URL' }")
  knownOnly(forward, OPTIONS.forward, 'forward.', fail)
  oneOf(forward.body, ['validated', 'verbatim'], 'forward.body', fail)
  check(
    !['token', 'apiKey', 'certificate'].includes(authenticate.kind) || options.authorize !== undefined,
    'authorize',
    'is missing; a credential says who calls, this says who may',
  )
  for (const name of forward.strip ?? []) {
    check(HEADER.test(name), 'forward.strip', `'${name}' is not a header name in lower case`)
  }
  const body = options.body && bodyOf(options.body, authenticate, fail)
  const deadlineMs = duration(
    'deadline',
    options.deadline ?? (authenticate.kind === 'webhook' ? '2 s' : '1 s'),
  )
  check(deadlineMs <= MAX_DEADLINE_MS, 'deadline', `is ${options.deadline}; use at most '15 s'`)
  const budgetMs =
    options.budget === undefined
      ? Math.min(DEFAULT_BUDGET_MS, deadlineMs)
      : duration('budget', options.budget)
  check(budgetMs <= deadlineMs, 'budget', `is ${options.budget}, longer than the deadline, ${deadlineMs} ms`)
  const timeoutMs = timeoutOf(forward.timeout, authenticate, fail)
  checkRefusalStatuses(authenticate, fail)
  check(
    !forward.headers || forward.strip !== undefined || (options.mode !== 'report' && body?.mode !== 'report'),
    'forward.strip',
    'is missing; in report mode nothing is asserted, so list the names of `headers` here: a client could send its own',
  )
  for (const name of ['query', 'params', 'headers'] as const) promptOnly(options[name], name, fail)
  functionOnly(options.tenant, 'tenant', fail)
  const place = { kinds: authenticate.kinds ?? [authenticate.kind], hasTenant: options.tenant !== undefined }
  return {
    methods,
    path: options.path,
    owner: options.owner,
    sensitivity: options.sensitivity,
    mode: options.mode ?? 'enforce',
    authenticate,
    authorize: within('authorize', fail, () =>
      authorizeRule(options.authorize, options.path, authenticate.kind),
    ),
    isClientAllowed: within('clients', fail, () => compileClients(options.clients)),
    limits: compileLimits(options.limits, place, fail),
    body,
    query: options.query,
    params: options.params,
    headers: options.headers,
    tenant: options.tenant,
    replay: {
      ttlMs: replay.ttl === undefined ? undefined : duration('replay.ttl', replay.ttl),
      onDuplicate: replay.onDuplicate ?? 'acknowledge',
    },
    deadlineMs,
    budgetMs,
    failure: compileFailure(options.failure, authenticate.kind, fail),
    firstTier: options.firstTier ?? (authenticate.kind === 'webhook' ? 'off' : 'client'),
    forward: {
      to: forward.to,
      timeoutMs,
      path: forward.path,
      headers: forward.headers,
      strip: new Set(forward.strip ?? []),
      body: forward.body ?? 'validated',
    },
  }
}

function bodyOf(
  body: GenericSchema | BodyOptions<GenericSchema>,
  authenticate: Authenticator,
  fail: Fail,
): NonNullable<Route['body']> {
  const options: BodyOptions<GenericSchema> = isSchema(body) ? { schema: body } : body
  knownOnly(options, OPTIONS.body, 'body.', fail)
  oneOf(options.mode, MODES, 'body.mode', fail)
  const { maxBytes = DEFAULT_MAX_BODY_BYTES } = options
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1 || maxBytes > MAX_BODY_BYTES) {
    fail('body.maxBytes', `is ${maxBytes}; use 1 to ${MAX_BODY_BYTES} bytes`)
  }
  const { schema, mediaType, mode = 'enforce' } = options
  if (!isSchema(schema)) fail('body.schema', 'is missing; give a valibot schema, such as v.looseObject({})')
  promptOnly(schema, 'body.schema', fail)
  return { schema, content: contentOf(mediaType, authenticate, fail), mode, maxBytes }
}

const isSchema = (body: GenericSchema | BodyOptions<GenericSchema> | undefined): body is GenericSchema =>
  typeof body === 'object' && 'kind' in body
