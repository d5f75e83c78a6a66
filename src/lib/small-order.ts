// The field of Curve25519, and the y coordinate of two of its four points of order 8 (RFC 7748 section 4.1).
const P = 2n ** 255n - 19n
const Y8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n
const SMALL: ReadonlySet<bigint> = new Set([0n, 1n, P - 1n, Y8, P - Y8])

/**
 * Whether an Ed25519 public key, 32 bytes, is one of the points for which anybody can sign (RFC 8032 section 5.1.7 verifies
 * such signatures). What is no point at all is for the import to refuse.
 */
export function hasSmallOrder(point: Uint8Array): boolean {
  let y = 0n
  for (let at = 31; at >= 0; at--) y = (y << 8n) | BigInt(point[at] ?? 0)
  // The highest bit is the sign of x.
  return SMALL.has((y & (2n ** 255n - 1n)) % P)
}
