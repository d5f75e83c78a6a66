/** How a call ended for whoever waited for it. */
export type Waited<T> = { ended: 'value'; value: T } | { ended: 'error'; error: unknown } | { ended: 'late' }

/**
 * Makes a call and waits at most `ms` milliseconds for it; then its signal aborts. Never rejects, and what becomes of a
 * call that came too late is nobody's concern any more: its rejection is handled here.
 */
export async function within<T>(ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<Waited<T>> {
  const aborter = new AbortController()
  let timer: ReturnType<typeof setTimeout> | null = null
  const late = new Promise<Waited<T>>((resolve) => {
    timer = setTimeout(() => {
      resolve({ ended: 'late' })
      aborter.abort()
    }, ms)
  })
  try {
    return await Promise.race([ended(call, aborter.signal), late])
  } finally {
    clearTimeout(timer)
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
