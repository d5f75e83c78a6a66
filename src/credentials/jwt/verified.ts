import type { Proven } from '../../authenticator.ts'
import type { KeySource } from '../../keys/index.ts'
import type { TokenPrincipal } from '../../principals.ts'

const MAX_ENTRIES = 500
/** Of all tokens together, and of one: larger ones are verified each time. */
const MAX_CHARS = 1_048_576
const MAX_TOKEN_CHARS = 4096
const MAX_AGE_MS = 300_000

/** What a token has proven, and the key that it rests on. Frozen throughout: it is given to many requests. */
export interface Verified {
  readonly proven: Readonly<Proven<TokenPrincipal>>
  readonly keys: KeySource
  readonly thumbprint: string
  readonly verifiedAtMs: number
}

/** What is known of a token, and whether its key is only in a set that is past its lifetime. */
export interface Recalled {
  readonly proven: Verified['proven']
  readonly isStale: boolean
}

/**
 * Tokens whose signature this isolate has verified, least recently used first. A hit stands for the signature and for the
 * claims schema alone: form, claims, clock, audience, binding and revocation are looked at in each request. Failures are not
 * kept, since they would be a stranger's to fill it with. Nothing of it leaves the isolate.
 */
const entries = new Map<string, Verified>()
let chars = 0

/** What is known of a token under a policy: only while its key is one that would be found now. */
export function recallVerified(
  policy: number,
  token: string,
  keys: KeySource,
  now: number,
): Recalled | undefined {
  if (token.length > MAX_TOKEN_CHARS) return undefined
  const name = `${policy} ${token}`
  const found = entries.get(name)
  if (found === undefined) return undefined
  forget(name)
  const age = now - found.verifiedAtMs
  if (age < 0 || age >= MAX_AGE_MS || found.keys !== keys) return undefined
  const standing = keys.standing(found.thumbprint, now)
  if (standing === undefined) return undefined
  put(name, found)
  return { proven: found.proven, isStale: standing === 'stale' }
}

/** Keeps what was verified now. */
export function keepVerified(policy: number, token: string, verified: Verified): void {
  if (token.length > MAX_TOKEN_CHARS) return
  const name = `${policy} ${token}`
  forget(name)
  put(name, verified)
  for (const oldest of entries.keys()) {
    if (entries.size <= MAX_ENTRIES && chars <= MAX_CHARS) break
    forget(oldest)
  }
}

/** How much is kept. */
export const verifiedKept = (): { entries: number; chars: number } => ({ entries: entries.size, chars })

function put(name: string, verified: Verified): void {
  entries.set(name, verified)
  chars += name.length
}

function forget(name: string): void {
  if (entries.delete(name)) chars -= name.length
}
