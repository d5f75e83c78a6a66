import { OVER, STARVED } from '../../lib/wait.ts'
import { type AdmitRequest, StateError } from '../state.ts'

/** Admits in a row that fail or come too late before shared state is taken for dead. */
export const FAILURES_TO_OPEN = 5
/** A caller that waits for less than this, in milliseconds, learns nothing of a state on another continent. */
export const PATIENCE_MS = 250
/** Milliseconds after which a probe of which nothing was heard, not even that it was aborted, makes room for another. */
export const PROBE_LOST_MS = 30_000

/**
 * Stops waiting for a state that is dead. After five failures in a row one admit at a time is let through as a probe, and
 * all others are rejected at once; the first success closes the breaker. Nobody waits for another request's probe, no
 * timer runs, and nothing that belongs to a request is kept: in workerd a request must not touch another's I/O.
 *
 * There is no pause between probes, so that the first request after a recovery is answered. What keeps callers one after
 * another from waiting out their deadline is that a probe has one try: its retry is rejected. The retry of a call that began
 * before the breaker opened is let through: one connection that drops fails many calls at once, and all of them may be well
 * a moment later.
 *
 * Only a caller with patience learns from silence, and such callers have a place of their own for their probe: a route with
 * a short deadline must not keep a state from all others.
 */
export class Breaker {
  #failures = 0
  /** Grows with every success, so that a failure that began before the last one is not taken for news. */
  #successes = 0
  readonly #probes: Record<Patience, Probe | undefined> = { patient: undefined, hasty: undefined }

  /** Makes the call, or rejects without it. */
  async pass<T>(call: Call, now: number, ask: () => Promise<T>): Promise<T> {
    const end = this.#begin(call, now)
    try {
      const answer = await ask()
      end('answered')
      return answer
    } catch (error) {
      end('failed')
      throw error
    }
  }

  /** Lets a call through or throws; what is returned is told once how the call ended. */
  #begin({ token, isRetry, signal, waitMs }: Call, now: number): (ending: Ending) => void {
    const patience = waitMs !== undefined && waitMs < PATIENCE_MS ? 'hasty' : 'patient'
    const isOpen = this.#failures >= FAILURES_TO_OPEN
    const known = isOpen ? this.#probes[patience] : undefined
    if (known && (isRetry ? known.token === token : isUnderWay(known, now))) {
      throw new StateError('not asked: it failed before')
    }
    const probe: Probe | undefined = isOpen && !isRetry ? { token, since: now, isOver: false } : undefined
    if (probe) this.#probes[patience] = probe
    const successes = this.#successes
    let hasEnded = false
    const end = (ending: Ending): void => {
      // An answer after the abort came too late to be used: the state is as good as dead to its callers.
      if (hasEnded) return
      hasEnded = true
      signal?.removeEventListener('abort', onAbort)
      if (probe) probe.isOver = true
      if (ending === 'answered') {
        this.#failures = 0
        this.#successes++
      } else if (ending === 'failed' && successes === this.#successes) this.#failures++
    }
    const onAbort = (): void => {
      const saysNothing = patience === 'hasty' || signal?.reason === OVER || signal?.reason === STARVED
      end(saysNothing ? 'unknown' : 'failed')
    }
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
    return end
  }
}

/** A call that may be let through, under the same members as admit's. */
export type Call = Pick<AdmitRequest, 'token' | 'isRetry' | 'signal' | 'waitMs'>

type Patience = 'patient' | 'hasty'
type Ending = 'answered' | 'failed' | 'unknown'

interface Probe {
  token: string
  since: number
  isOver: boolean
}

function isUnderWay({ since, isOver }: Probe, now: number): boolean {
  const age = now - since
  // A clock that was set back says nothing of how long the probe has been out.
  return !isOver && age >= 0 && age < PROBE_LOST_MS
}
