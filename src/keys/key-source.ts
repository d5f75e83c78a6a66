import type { Means } from '../authenticator.ts'
import type { Awaitable } from '../contract.ts'

/** A public key of an issuer, imported once and good for one algorithm. */
export interface VerifyKey {
  readonly kid: string | undefined
  readonly algorithm: string
  readonly key: CryptoKey
  /** RFC 7638, base64url of the SHA-256: the key's identity, whatever its `kid` says. */
  readonly thumbprint: string
}

/** What a token says of its key. */
export interface WantedKey {
  kid: string | undefined
  algorithm: string
}

/**
 * `keys`: one, or the two that share a `kid` while an issuer is at odds with itself. `none`: the issuer's set is known and has
 * no such key. `unavailable`: there is no set to decide by, or the issuer is being asked for a key that it may have by now.
 */
export type FoundKeys =
  | { found: 'keys'; keys: readonly VerifyKey[]; isStale: boolean }
  | { found: 'none' }
  | {
      found: 'unavailable'
      retryAfterSeconds: number
      /** Why there is none, of constants and numbers: for the record. */
      reason?: string
    }

/** Where an issuer's keys come from. */
export interface KeySource {
  /** Answers at once while it has the key; `now` in milliseconds since the epoch. */
  find(wanted: WantedKey, means: Means, now: number): Awaitable<FoundKeys>
  /**
   * Asked for what was verified before, whether its key is in the set that would be decided by now: `stale` where that set is
   * past its lifetime. Undefined: only `find` can tell.
   */
  standing(thumbprint: string, now: number): 'current' | 'stale' | undefined
}
