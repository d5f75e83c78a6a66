/** How a call ended for whoever waited for it; `starved`: the timer itself came so late that the wait says nothing of the call. */
export type Waited<T> =
  | { ended: 'value'; value: T }
  | { ended: 'error'; error: unknown }
  | { ended: 'late'; starved: boolean }

/** Why a call's signal aborts. Only the first says something of what was called. */
export const LATE = 'late'
/** The event loop was so busy that an answer may have been there. */
export const STARVED = 'starved'
/** The wait is over: the call has ended, or another one was quicker. */
export const OVER = 'the wait is over'

/** A timer that comes later than this, in milliseconds, or by a quarter of its time, tells of a busy event loop. */
const LEAST_LAG_MS = 100

/**
 * Makes a call and waits at most `ms` milliseconds for it; then, and when it has ended, its signal aborts. Never rejects, and
 * what becomes of a call that came too late is nobody's concern any more: its rejection is handled here.
 */
export async function within<T>(ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<Waited<T>> {
  const aborter = new AbortController()
  const due = performance.now() + ms
  let timer: ReturnType<typeof setTimeout> | null = null
  const late = new Promise<Waited<T>>((resolve) => {
    timer = setTimeout(() => {
      const starved = performance.now() - due > Math.max(LEAST_LAG_MS, ms / 4)
      resolve({ ended: 'late', starved })
      aborter.abort(starved ? STARVED : LATE)
    }, ms)
  })
  try {
    return await Promise.race([ended(call, aborter.signal), late])
  } finally {
    clearTimeout(timer)
    aborter.abort(OVER)
  }
}

/** A throw before the first promise is an error like any other. */
async function ended<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<Waited<T>> {
  try {
    return { ended: 'value', value: await call(signal) }
  } catch (error) {
    return { ended: 'error', error }
  }
}
