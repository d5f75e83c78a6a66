import type { Principal } from './contract.ts'
import { type Duration, parseDuration } from './lib/duration.ts'
import { type Fail, knownOnly } from './options.ts'
import type { CompiledFailure, FailurePolicy } from './route.ts'

const NAME = /^[a-z][a-z0-9-]{0,31}$/
/** A cap for an outage that is longer than this would be the route's limit, counted by isolate. */
const MAX_WINDOW_MS = 3_600_000

/** Compiles what a route does while a dependency fails, or fails at the first mistake. */
export function compileFailure(
  options: { state?: FailurePolicy | undefined },
  kind: Principal['kind'],
  fail: Fail,
): CompiledFailure {
  knownOnly(options, ['state'], 'failure.', fail)
  const { state = 'closed' } = options
  if (state === 'closed') return { state: { policy: 'closed' } }
  if (kind === 'webhook') {
    fail(
      'failure.state',
      "must be 'closed' for a webhook: without shared state a delivery cannot be claimed, and its copies would all pass",
    )
  }
  if (state === 'unsafeAllowWhenStateIsDown') return { state: { policy: 'allowed' } }
  if (typeof state !== 'object' || state === null) {
    fail(
      'failure.state',
      `'${String(state)}' is not known; use 'closed', 'unsafeAllowWhenStateIsDown' or { degraded: { max, window } }`,
    )
  }
  knownOnly(state, ['degraded'], 'failure.state.', fail)
  if (typeof state.degraded !== 'object' || state.degraded === null) {
    fail('failure.state.degraded', "is missing; give the cap of an isolate: { max: 10, window: '10 s' }")
  }
  return { state: { policy: 'degraded', ...capOf(state.degraded, fail) } }
}

function capOf(cap: { name?: string; max: number; window: Duration }, fail: Fail) {
  const at = (option: string) => `failure.state.degraded.${option}`
  knownOnly(cap, ['name', 'max', 'window'], at(''), fail)
  const { name = 'degraded', max, window } = cap
  if (!NAME.test(name)) fail(at('name'), `'${name}' is not a name; use lower-case letters, digits and '-'`)
  if (!Number.isSafeInteger(max) || max < 1) fail(at('max'), `is ${max}; use a whole number above 0`)
  const windowMs =
    parseDuration(window) ??
    fail(
      at('window'),
      `'${window}' is not a duration; write a whole number, a space and ms, s, m or h: '10 s'`,
    )
  if (windowMs > MAX_WINDOW_MS) fail(at('window'), `is ${window}; use at most '1 h'`)
  return { name, max, windowMs }
}
