import type { Proven } from '../authenticator.ts'
import type { ReplayKey } from '../contract.ts'
import { sha256 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import type { WebhookPrincipal } from '../principals.ts'
import type { Checked, Scheme, Tolerance } from './scheme.ts'

/** A time is looked at when the head is there: the body may take 10 s more, and the decision 15 (read, deadline). */
const AFTER_HEAD_MS = 25_000
/** Where no time is signed, a copy is accepted again after this long, or after the provider's last retry. */
const UNTIMED_TTL_MS = 30 * 86_400_000

/**
 * Under which key a delivery is claimed, from signed bytes alone: its id where one is signed, else the digest of what
 * was signed. An unsigned event joins the digest, so that one event cannot stand for another. Nothing signed, no claim.
 */
export async function replayKey(
  scheme: Scheme,
  checked: Checked,
  facts: {
    body: Uint8Array<ArrayBuffer>
    bodyId: unknown
    event: string | undefined
    tolerance: Tolerance | undefined
  },
): Promise<Pick<Proven<WebhookPrincipal>, 'bodyDigest' | 'replay'>> {
  const { message } = checked
  if (message === undefined || scheme.replay === 'none') return {}
  const id = checked.id ?? textOf(facts.bodyId)
  const suffix = facts.event === undefined ? '' : `:${facts.event}`
  const lifetime = lifetimeOf(scheme, facts.tolerance)
  if (id !== undefined) return { replay: { kind: 'delivery', id: `id:${id}${suffix}`, ...lifetime } }
  const identity = scheme.replay === 'body' ? facts.body : message
  const digest = await sha256(identity)
  return {
    replay: { kind: 'delivery', id: `digest:${encodeHex(digest)}${suffix}`, ...lifetime },
    // The proof for the origin needs the same digest.
    ...(identity === facts.body && { bodyDigest: digest }),
  }
}

/** A text or a whole number; a number that JSON.parse may have rounded could be another delivery's. */
function textOf(id: unknown): string | undefined {
  if (typeof id === 'string' && id !== '') return id
  return Number.isSafeInteger(id) ? String(id) : undefined
}

function lifetimeOf(
  { redelivery }: Scheme,
  tolerance: Tolerance | undefined,
): Pick<ReplayKey, 'ttlMs' | 'floorMs'> {
  const horizonMs = redelivery.horizonSeconds * 1000
  if (tolerance === undefined) return { ttlMs: Math.max(UNTIMED_TTL_MS, horizonMs), floorMs: 0 }
  const floorMs = (tolerance.pastSeconds + tolerance.futureSeconds) * 1000 + AFTER_HEAD_MS
  return { ttlMs: Math.max(horizonMs, floorMs), floorMs }
}
