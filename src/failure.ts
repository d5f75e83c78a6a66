import type { Duration } from './lib/duration.ts'
import { durationOf, type Fail, isObject, knownOnly, missingOr, nameOnly, shown } from './options.ts'
import type { Principal } from './principals.ts'
import type { CompiledFailure, FailurePolicy } from './route.ts'

/** A cap for an outage that is longer than this would be the route's limit, counted by isolate. */
const MAX_WINDOW_MS = 3_600_000
const CAP = "{ max: 10, window: '10 s' }"

/** Compiles what a route does while a dependency fails, or fails at the first mistake. */
export function compileFailure(
  options: { state?: FailurePolicy | undefined } | undefined,
  kind: Principal['kind'],
  fail: Fail,
): CompiledFailure {
  const { state = 'closed' } = stateIn(options, fail)
  if (state === 'closed') return { state: { policy: 'closed' } }
  if (kind === 'webhook') {
    fail(
      'failure.state',
      "must be 'closed' for a webhook: without shared state a delivery cannot be claimed, and its copies would all pass",
    )
  }
  if (state === 'unsafeAllowWhenStateIsDown') return { state: { policy: 'allowed' } }
  if (!isObject(state)) {
    return fail(
      'failure.state',
      `${shown(state)} is not known; use 'closed', 'unsafeAllowWhenStateIsDown' or { degraded: { max, window } }`,
    )
  }
  knownOnly(state, ['degraded'], 'failure.state.', fail)
  const { degraded } = state
  if (!isObject(degraded)) {
    fail('failure.state.degraded', `${missingOr(degraded)}; give the cap of an isolate: ${CAP}`)
  }
  return { state: { policy: 'degraded', ...capOf(degraded, fail) } }
}

/** The policy of each dependency; one that is written without its dependency's name gets the name told. */
function stateIn(
  options: { state?: FailurePolicy | undefined } | undefined,
  fail: Fail,
): { state?: FailurePolicy | undefined } {
  if (options === undefined) return {}
  if (!isObject(options)) {
    const policy = options === 'unsafeAllowWhenStateIsDown' ? options : 'closed'
    return fail('failure', `is ${shown(options)}; write { state: '${policy}' }`)
  }
  if ('degraded' in options) {
    fail('failure.degraded', 'belongs into state; write { state: { degraded: { max, window } } }')
  }
  knownOnly(options, ['state'], 'failure.', fail)
  return options
}

function capOf(cap: { name?: string; max: number; window: Duration }, fail: Fail) {
  const at = (option: string) => `failure.state.degraded.${option}`
  knownOnly(cap, ['name', 'max', 'window'], at(''), fail)
  const { name = 'degraded', max, window } = cap
  nameOnly(name, at('name'), fail)
  if (!Number.isSafeInteger(max) || max < 1) fail(at('max'), `${missingOr(max)}; use a whole number above 0`)
  const windowMs = durationOf(window, at('window'), fail, ", at most '1 h'")
  if (windowMs > MAX_WINDOW_MS) fail(at('window'), `is ${window}; use at most '1 h'`)
  return { name, max, windowMs }
}
