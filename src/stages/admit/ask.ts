import { type Waited, within } from '../../lib/wait.ts'
import {
  type Admission,
  type AdmitRequest,
  type State,
  StateError,
  type StateFault,
} from '../../state/state.ts'

/** The answer of shared state, or why there is none. */
export type Asked =
  | { how: 'answered' | 'remembered'; admission: Admission; fault: null }
  | { how: 'failed' | 'not-asked'; admission: undefined; fault: StateFault }

/** Milliseconds for calls that came too late to end, and then for the give-back of what they may have taken. */
const STRAGGLERS_MS = 5000
const GIVE_BACK_MS = 4000
const NOT_ASKED: StateFault = 'not asked: it failed before'
const NO_TIME: Asked = { how: 'not-asked', admission: undefined, fault: 'no time was left' }

/**
 * Asks inside the deadline. A second try with the same token is made when the first fails, or has not answered at half of
 * the time; then the one that answers first decides. What came too late is given back after the answer.
 */
export async function ask(state: State, request: AdmitRequest, deadlineMs: number): Promise<Asked> {
  if (deadlineMs <= 0) return NO_TIME
  const tries: Promise<Admission>[] = []
  const waited = await within(deadlineMs, (signal) =>
    twice((waitMs) => {
      // A throw before the first promise is a rejection like any other.
      const attempt = (async () => state.admit({ ...request, signal, waitMs, isRetry: tries.length > 0 }))()
      tries.push(attempt)
      return attempt
    }, deadlineMs),
  )
  const asked = askedOf(waited)
  const outcome = asked.admission?.outcome
  const isDenied = outcome !== undefined && outcome !== 'admitted' && outcome !== 'done'
  // A denial ends the request; a try beside it that is late, or whose reply was lost, must not hold anything after that.
  if (isDenied ? tries.length > 1 : asked.how === 'failed') giveBackLater(state, request, tries)
  return asked
}

/** Asks once, for as long as the budget allows: report mode retries nothing. */
export async function askOnce(state: State, request: AdmitRequest, budgetMs: number): Promise<Asked> {
  if (budgetMs <= 0) return NO_TIME
  const tries: Promise<Admission>[] = []
  const waited = await within(budgetMs, (signal) => {
    const attempt = state.admit({ ...request, signal, waitMs: budgetMs })
    tries.push(attempt)
    return attempt
  })
  const asked = askedOf(waited)
  if (asked.how === 'failed') giveBackLater(state, request, tries)
  return asked
}

/** Two tries at most; `attempt` is told how long its answer is waited for, in milliseconds. */
async function twice(
  attempt: (waitMs: number) => Promise<Admission>,
  deadlineMs: number,
): Promise<Admission> {
  const halfMs = deadlineMs / 2
  const first = attempt(deadlineMs)
  const half = await within(halfMs, () => first)
  if (half.ended === 'value') return half.value
  if (half.ended === 'error' && isNotAsked(half.error)) throw half.error
  const second = attempt(halfMs)
  if (half.ended === 'error') {
    // The first try knows better why.
    return second.catch((error) => Promise.reject(isNotAsked(error) ? half.error : error))
  }
  // A second try that the breaker refuses tells that the first is a probe, which is not waited for any longer.
  const refused = second.catch((error) =>
    isNotAsked(error) ? Promise.reject(new StateError('no answer in time')) : first,
  )
  return Promise.race([first.catch(() => second), refused])
}

/** Calls that were not waited for, or whose reply was lost, may have counted and claimed all the same. */
function giveBackLater(state: State, request: AdmitRequest, tries: readonly Promise<Admission>[]): void {
  const giveBack = async (): Promise<void> => {
    await within(STRAGGLERS_MS, () => Promise.allSettled(tries))
    await within(GIVE_BACK_MS, (signal) => state.giveBack({ ...request, signal }))
  }
  request.background?.(giveBack())
}

function askedOf(waited: Waited<Admission>): Asked {
  if (waited.ended === 'value') {
    const admission = waited.value
    const isRemembered = admission.outcome === 'limited' && admission.remembered === true
    return { how: isRemembered ? 'remembered' : 'answered', admission, fault: null }
  }
  const fault = faultOf(waited)
  return { how: fault === NOT_ASKED ? 'not-asked' : 'failed', admission: undefined, fault }
}

/** In the words of `StateFault`: the message of any other error may quote a request. */
function faultOf(waited: Exclude<Waited<Admission>, { ended: 'value' }>): StateFault {
  if (waited.ended === 'late') return waited.starved ? 'this isolate was too busy' : 'no answer in time'
  return waited.error instanceof StateError ? waited.error.fault : 'failed'
}

const isNotAsked = (error: unknown): boolean => error instanceof StateError && error.fault === NOT_ASKED
