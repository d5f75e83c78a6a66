/** Options of `memorySeenSet`. */
export interface SeenSetOptions {
  /** Most nonces held at once, at about 150 bytes each; room for the requests of the proofs' lifetime (60 s). */
  maxEntries: number
}

/**
 * A seen-set in the memory of one process: an origin of several processes needs a shared one. When it is full of
 * nonces that have not expired it throws, which refuses requests, rather than forget one that could be replayed.
 *
 * @throws {TypeError} at load when `maxEntries` is not a positive whole number.
 * @example
 * import { createVerifier, memorySeenSet } from 'sallyport/origin'
 *
 * const keys = [process.env.SALLYPORT_KEY ?? '']
 * createVerifier({ authority: 'api.internal.example', keys, seen: memorySeenSet({ maxEntries: 100_000 }) })
 */
export function memorySeenSet({
  maxEntries,
}: SeenSetOptions): (nonce: string, expires: number, now?: number) => boolean {
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
    throw new TypeError('memorySeenSet: maxEntries must be a positive whole number')
  }
  const expiries = new Map<string, number>()
  let earliest = Number.POSITIVE_INFINITY

  function sweep(now: number): void {
    earliest = Number.POSITIVE_INFINITY
    for (const [nonce, expires] of expiries) {
      // A proof is good through the second of `expires`, so its nonce must be remembered through it.
      if (expires < now) expiries.delete(nonce)
      else earliest = Math.min(earliest, expires)
    }
  }

  return function seen(nonce, expires, now = Math.floor(Date.now() / 1000)) {
    const known = expiries.get(nonce)
    if (known !== undefined && known >= now) return true
    // At most one sweep a second: only when something has expired, and only when room is needed.
    if (expiries.size >= maxEntries && earliest < now) sweep(now)
    if (expiries.size >= maxEntries) throw new RangeError('memorySeenSet: full')
    expiries.set(nonce, expires)
    earliest = Math.min(earliest, expires)
    return false
  }
}
