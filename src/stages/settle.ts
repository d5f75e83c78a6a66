import type { AdmitRequest, State } from '../state/state.ts'

/** How a claim ended: `left` leaves the lease to run out, because nobody knows what the origin did. */
export type Ending = 'committed' | 'released' | 'left' | 'failed'

/** Milliseconds between tries: together they fit into the 30 s that a Worker may go on after its answer. */
const RETRY_DELAYS_MS = [0, 200, 800, 3000, 9000]

/** Ends the claim of this request, trying again while the lease lasts: a lost commit may mean a second arrival. */
export async function settle(
  state: State,
  { claim, token }: AdmitRequest,
  as: 'commit' | 'release',
): Promise<Ending> {
  if (!claim) return 'left'
  for (const delay of RETRY_DELAYS_MS) {
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    try {
      await state.settle({ claim, token, as })
      return as === 'commit' ? 'committed' : 'released'
    } catch {
      // The next try, or the lease, ends it.
    }
  }
  return 'failed'
}
