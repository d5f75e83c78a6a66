import type { Proven } from '../authenticator.ts'
import type { ReplayKey } from '../contract.ts'
import { sha256 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import type { WebhookPrincipal } from '../principals.ts'
import type { Scheme, Signed } from './scheme.ts'

/** Where no time is signed, a copy is accepted again after this long. */
const UNTIMED_TTL_MS = 30 * 86_400_000

/**
 * Under which key a delivery is claimed, from signed bytes alone: its id where one is signed, else the digest of what
 * was signed. An unsigned event joins the digest, so that one event cannot stand for another.
 */
export async function replayKey(
  scheme: Scheme,
  signed: Signed,
  parts: { message: Uint8Array<ArrayBuffer>; bodyId: unknown; event: string | undefined },
): Promise<Pick<Proven<WebhookPrincipal>, 'bodyDigest'> & { replay: ReplayKey }> {
  const { bodyId, event } = parts
  const id = signed.id ?? textOf(bodyId)
  const suffix = event === undefined ? '' : `:${event}`
  const lifetime = lifetimeOf(scheme)
  if (id !== undefined) return { replay: { kind: 'delivery', id: `id:${id}${suffix}`, ...lifetime } }
  const digest = await sha256(parts.message)
  return {
    replay: { kind: 'delivery', id: `digest:${encodeHex(digest)}${suffix}`, ...lifetime },
    // Without a prefix the message is the body, and the proof for the origin needs the same digest.
    ...(signed.prefix === '' && { bodyDigest: digest }),
  }
}

/** A text or a whole number; a number that JSON.parse may have rounded could be another delivery's. */
function textOf(id: unknown): string | undefined {
  if (typeof id === 'string' && id !== '') return id
  return Number.isSafeInteger(id) ? String(id) : undefined
}

function lifetimeOf({ toleranceSeconds, redelivery }: Scheme): Pick<ReplayKey, 'ttlMs' | 'floorMs'> {
  if (toleranceSeconds === undefined) return { ttlMs: UNTIMED_TTL_MS, floorMs: 0 }
  // A signed time passes for the tolerance on either side of now.
  const floorMs = 2 * toleranceSeconds * 1000
  return { ttlMs: Math.max(redelivery.horizonSeconds * 1000, floorMs), floorMs }
}
