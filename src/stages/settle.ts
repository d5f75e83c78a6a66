import { within } from '../lib/wait.ts'
import type { AdmitRequest, State } from '../state/state.ts'

/**
 * How a claim ended. `left`: the lease runs out, because nobody knows what the origin did. `overtaken`: it had run out,
 * and another request holds the claim now.
 */
export type Ending = 'committed' | 'released' | 'overtaken' | 'left' | 'failed'

/** Milliseconds before each try: with their timeouts they fit into the 30 s that a Worker may go on after its answer. */
const RETRY_DELAYS_MS = [0, 200, 800, 3000]
/** A call that hangs must not keep the next from being made. */
const TRY_TIMEOUT_MS = 4000

/** Ends the claim of this request, trying again while the lease lasts: a lost commit may mean a second arrival. */
export async function settle(
  state: State,
  { claim, token }: AdmitRequest,
  as: 'commit' | 'release',
): Promise<Ending> {
  if (!claim) return 'left'
  for (const delay of RETRY_DELAYS_MS) {
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    const tried = await within(TRY_TIMEOUT_MS, (signal) => state.settle({ claim, token, as, signal }))
    if (tried.ended !== 'value') continue
    const held = tried.value
    // A release whose reply was lost leaves the claim to the provider's retry: that is what it was for.
    if (!held && (as === 'commit' || delay === 0)) return 'overtaken'
    return as === 'commit' ? 'committed' : 'released'
  }
  return 'failed'
}
