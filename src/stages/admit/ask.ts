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

/** Asks inside the deadline, once more on a failure; what came too late is given back after the answer. */
export async function ask(state: State, request: AdmitRequest, deadlineMs: number): Promise<Asked> {
  const end = performance.now() + deadlineMs
  const tries: Promise<Admission>[] = []
  let failed: Asked = { how: 'not-asked', admission: undefined, fault: 'no answer in time' }
  // Half for the first try: a lost reply leaves room for the second, which finds the first by its token.
  for (const share of [0.5, 1]) {
    const leftMs = (end - performance.now()) * share
    if (leftMs <= 0) break
    const waited = await within(leftMs, (signal) => {
      const attempt = state.admit({ ...request, signal, isRetry: tries.length > 0 })
      tries.push(attempt)
      return attempt
    })
    if (waited.ended === 'value') return answered(waited.value)
    const fault = faultOf(waited)
    if (fault === 'not asked: it failed before') {
      tries.pop()
      // The first try knows better why; nothing is worth another wait.
      if (failed.how === 'not-asked') failed = { how: 'not-asked', admission: undefined, fault }
      break
    }
    failed = { how: 'failed', admission: undefined, fault }
  }
  if (tries.length > 0) giveBackLater(state, request, tries)
  return failed
}

/** Asks once, for as long as the budget allows: report mode retries nothing. */
export async function askOnce(state: State, request: AdmitRequest, budgetMs: number): Promise<Asked> {
  const tries: Promise<Admission>[] = []
  const waited = await within(budgetMs, (signal) => {
    const attempt = state.admit({ ...request, signal })
    tries.push(attempt)
    return attempt
  })
  if (waited.ended === 'value') return answered(waited.value)
  giveBackLater(state, request, tries)
  return { how: 'failed', admission: undefined, fault: faultOf(waited) }
}

/** Calls that were not waited for, or whose reply was lost, may have counted and claimed all the same. */
function giveBackLater(state: State, request: AdmitRequest, tries: readonly Promise<Admission>[]): void {
  const giveBack = async (): Promise<void> => {
    await within(STRAGGLERS_MS, () => Promise.allSettled(tries))
    await within(GIVE_BACK_MS, (signal) => state.giveBack({ ...request, signal }))
  }
  request.background?.(giveBack())
}

function answered(admission: Admission): Asked {
  const isRemembered = admission.outcome === 'limited' && admission.remembered === true
  return { how: isRemembered ? 'remembered' : 'answered', admission, fault: null }
}

/** In the words of `StateFault`: the message of any other error may quote a request. */
function faultOf<T>(waited: Exclude<Waited<T>, { ended: 'value' }>): StateFault {
  if (waited.ended === 'late') return 'no answer in time'
  return waited.error instanceof StateError ? waited.error.fault : 'failed'
}
