import type { Memory } from './memory.ts'

/** Requests that may stand by during one fetch, a timer each: strangers shall not easily take all places. */
const MAX_WAITING = 1000
const PAUSE_MS = { first: 5, most: 50 }

/**
 * Waits while another request's fetch is under way, at most `ms` milliseconds: looks at plain memory with timers of its own,
 * since in workerd no request may await what belongs to another. At once over where too many wait already.
 */
export async function waitAside(memory: Memory, ms: number, isOver: () => boolean): Promise<void> {
  // Counted on the fetch: callers that hung up never come back to be counted off.
  const { inFlight } = memory
  if (inFlight === undefined || inFlight.waiting >= MAX_WAITING) return
  inFlight.waiting++
  const end = performance.now() + ms
  let pauseMs = PAUSE_MS.first
  while (memory.inFlight === inFlight && !isOver()) {
    const leftMs = end - performance.now()
    if (leftMs <= 0) break
    await new Promise((resume) => setTimeout(resume, Math.min(pauseMs, leftMs)))
    pauseMs = Math.min(PAUSE_MS.most, pauseMs * 1.5)
  }
  inFlight.waiting--
}
