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
  return {
    async admit(request) {
      const now = clock()
      const remembered = memory.recall(request, now)
      if (remembered) return remembered
      const admission = await breaker.admit(request, now, () => state.admit(request))
      memory.learn(request, admission, now)
      return admission
    },
    settle: (settlement) => state.settle(settlement),
    giveBack(request) {
      memory.forget(request.limits)
      return state.giveBack(request)
    },
    knowsBlocked: (client, now) => state.knowsBlocked(client, now),
  }
}
