import { allow, type Denial, deny, type Result } from '../contract.ts'
import { concatBytes, utf8 } from '../lib/digest.ts'
import { type KeyRing, keyRing, type SecretSlot } from './keyring.ts'
import type { Scheme, Signed } from './scheme.ts'

/** What a signature covers, and which secret it was made with. */
export interface Checked {
  slot: SecretSlot
  /** The signed bytes: the scheme's prefix and the body. */
  message: Uint8Array<ArrayBuffer>
}

/** Header form and clock: what can be refused before a byte of the body is read. */
export function inspectHeaders(scheme: Scheme, headers: Headers, now: number): Result<Signed> {
  const signed = scheme.read(headers)
  if ('missing' in signed) return deny('signature_missing', `${scheme.name}: ${signed.missing} is missing`)
  if ('malformed' in signed) {
    return deny('signature_refused', `${scheme.name}: ${signed.malformed} is not of its form`)
  }
  if (scheme.toleranceSeconds === undefined) return allow(signed)
  if (signed.timestamp === undefined) return deny('signature_refused', `${scheme.name}: no time is signed`)
  // Not rounded: half a second more on either side would outlive the claim of `floorMs`.
  const skewMs = now - signed.timestamp * 1000
  if (Math.abs(skewMs) <= scheme.toleranceSeconds * 1000) return allow(signed)
  const actual = Math.ceil(Math.abs(skewMs) / 1000)
  const measure: Denial['measure'] = { limit: scheme.toleranceSeconds, actual, unit: 'seconds' }
  const side = skewMs > 0 ? 'old' : 'far ahead'
  return deny('signature_refused', `${scheme.name}: the signed time is too ${side}`, { measure })
}

/** The signature itself, over the bytes as they came in. */
export async function verifySigned(
  scheme: Scheme,
  ring: KeyRing,
  signed: Signed,
  body: Uint8Array<ArrayBuffer>,
): Promise<Result<Checked>> {
  const message = signed.prefix === '' ? body : concatBytes(utf8(signed.prefix), body)
  for (const { slot, key } of ring.keys) {
    for (const signature of signed.signatures) {
      if (await crypto.subtle.verify('HMAC', key, signature, message)) return allow({ slot, message })
    }
  }
  return deny('signature_refused', `${scheme.name}: no signature matches`)
}

/**
 * The provider's own check and nothing else: header form, clock, signature. Topics, replay and schema come later.
 * `secrets` are the texts of the slots in order.
 */
export async function verifyDelivery(
  scheme: Scheme,
  delivery: { headers: Headers; body: Uint8Array<ArrayBuffer>; now: number },
  secrets: readonly string[],
): Promise<Result<SecretSlot>> {
  const signed = inspectHeaders(scheme, delivery.headers, delivery.now)
  if (!signed.ok) return signed
  const ring = await keyRing(scheme, 'SECRET')({ SECRET: secrets[0], SECRET_NEXT: secrets[1] })
  if (!ring.ok) return ring
  const checked = await verifySigned(scheme, ring.value, signed.value, delivery.body)
  return checked.ok ? allow(checked.value.slot) : checked
}
