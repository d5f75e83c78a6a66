import type { State } from '../state.ts'
import { Breaker } from './breaker.ts'
import { Memory } from './memory.ts'

/**
 * What stands in each isolate between the stages and a backend: limits that are known to deny are answered without a call,
 * and a state that is dead is not waited for. `settle` and `giveBack` are never held back.
 */
export function guard(state: State, clock: () => number = Date.now): State {
  const memory = new Memory()
  const breaker = new Breaker()
  // Of its own: a stranger can have look-ups made, and their failures must not decide what becomes of admits.
  const storeBreaker = new Breaker()
  /** Who asks the store says by the signal alone how long it waits: its silence tells nothing of the state. */
  const asked = <T>(signal: AbortSignal | undefined, ask: () => Promise<T>): Promise<T> =>
    storeBreaker.pass({ token: crypto.randomUUID(), waitMs: 0, ...(signal && { signal }) }, clock(), ask)
  return {
    async admit(request) {
      const now = clock()
      const remembered = memory.recall(request, now)
      if (remembered) return remembered
      const admission = await breaker.pass(request, now, () => state.admit(request))
      memory.learn(request, admission, now)
      return admission
    },
    settle: (settlement) => state.settle(settlement),
    giveBack(request) {
      memory.forget(request.limits)
      return state.giveBack(request)
    },
    knowsBlocked: (client, now) => state.knowsBlocked(client, now),
    recall: (name, signal) => asked(signal, () => state.recall(name, signal)),
    keep: (name, text, ttlMs, signal) => asked(signal, () => state.keep(name, text, ttlMs, signal)),
    findApiKey: (digest, signal) => asked(signal, () => state.findApiKey(digest, signal)),
  }
}
