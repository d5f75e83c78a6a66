import { type Admission, type AdmitRequest, StateError } from '../state.ts'

/** Admits in a row that fail or come too late before shared state is taken for dead. */
export const FAILURES_TO_OPEN = 5
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
 */
export class Breaker {
  #failures = 0
  /** Grows with every success, so that a failure that began before the last one is not taken for news. */
  #successes = 0
  #probe: { token: string; since: number } | undefined
  #failedProbe: string | undefined

  /** Makes the call, or rejects without it. */
  async admit(request: AdmitRequest, now: number, ask: () => Promise<Admission>): Promise<Admission> {
    const end = this.#begin(request, now)
    try {
      const admission = await ask()
      end(true)
      return admission
    } catch (error) {
      end(false)
      throw error
    }
  }

  /** Lets a call through or throws; what is returned is told once how the call ended. */
  #begin({ token, isRetry, signal }: AdmitRequest, now: number): (succeeded: boolean) => void {
    const isOpen = this.#failures >= FAILURES_TO_OPEN
    if (isOpen && (token === this.#failedProbe || (!isRetry && this.#isProbing(now)))) {
      throw new StateError('not asked: it failed before')
    }
    if (isOpen && !isRetry) this.#probe = { token, since: now }
    const probe = isOpen && !isRetry ? this.#probe : undefined
    const successes = this.#successes
    let isUnderWay = true
    const end = (succeeded: boolean): void => {
      // An answer after the abort came too late to be used: the state is as good as dead to its callers.
      if (!isUnderWay) return
      isUnderWay = false
      signal?.removeEventListener('abort', onAbort)
      if (probe !== undefined && this.#probe === probe) this.#probe = undefined
      if (succeeded) {
        this.#failures = 0
        this.#successes++
        this.#failedProbe = undefined
      } else if (successes === this.#successes) {
        this.#failures++
        if (probe !== undefined) this.#failedProbe = token
      }
    }
    const onAbort = (): void => end(false)
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
    return end
  }

  #isProbing(now: number): boolean {
    if (this.#probe === undefined) return false
    const age = now - this.#probe.since
    // A clock that was set back says nothing of how long the probe has been out.
    return age >= 0 && age < PROBE_LOST_MS
  }
}
