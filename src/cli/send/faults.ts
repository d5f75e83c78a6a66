import type { SignedDelivery, SignOptions } from '../../testing/index.ts'
import type { Sample } from '../../testing/vector-file.ts'
import type { Scheme } from '../../webhooks/scheme.ts'

/** What is wrong with a delivery, on purpose. */
export const FAULTS = ['valid', 'tampered', 'expired', 'future', 'replayed', 'wrong-secret'] as const
export type Fault = (typeof FAULTS)[number]

/** What the gateway is to do with it. What is let through is to arrive at the origin, where that can be asked. */
export type Expectation = 'let through' | 'refused' | 'duplicate'

/** Beyond the edge of the tolerance: a request takes its time. */
const BEYOND_MS = 30_000

/** What a delivery with this fault has to meet, or undefined where the scheme has no such fault. */
export function expectationOf({ proof, replay }: Scheme, fault: Fault): Expectation | undefined {
  if (fault === 'valid') return 'let through'
  if (fault === 'tampered' || fault === 'wrong-secret') return 'refused'
  if (fault !== 'replayed') return proof.tolerance ? 'refused' : undefined
  return proof.covers === 'nothing' || replay === 'none' ? 'let through' : 'duplicate'
}

const isFault = (text: unknown): text is Fault => (FAULTS as readonly unknown[]).includes(text)

/** Why a delivery cannot have this fault, or undefined where it can. */
export function faultlessness(scheme: Scheme, fault: unknown): string | undefined {
  if (!isFault(fault)) return `is none; use one of ${FAULTS.join(', ')}`
  if (expectationOf(scheme, fault) !== undefined) return undefined
  const what = fault === 'expired' ? 'too old' : 'from the future'
  return `${scheme.name} signs no time, so nothing of it can be ${what}`
}

/** What a user has to know of a fault that means less than it says, in one line. */
export function remarkOn({ name, proof, replay }: Scheme, fault: Fault): string | undefined {
  if (proof.covers === 'nothing' && fault === 'tampered')
    return `${name} signs nothing of a delivery: its token was changed in place of the body`
  if (proof.covers === 'nothing' && fault === 'replayed')
    return `${name} signs nothing of a delivery: a copy is let through, unless the route says deduplicate: 'body'`
  if (replay === 'none' && fault === 'replayed')
    return `${name} sends equal bodies for different deliveries: a copy is let through`
  return undefined
}

/** The time that is signed. */
export function signedAt({ proof: { tolerance } }: Scheme, fault: Fault, now: number): number {
  if (!tolerance) return now
  if (fault === 'expired') return now - tolerance.pastSeconds * 1000 - BEYOND_MS
  return fault === 'future' ? now + tolerance.futureSeconds * 1000 + BEYOND_MS : now
}

/** The delivery with one character changed of what the signature covers. */
export function tamper(
  { proof }: Scheme,
  { tamper: place }: Sample,
  delivery: SignedDelivery,
  secret: SignOptions['secret'],
): SignedDelivery {
  const { headers, body } = delivery
  if (place !== undefined) {
    const changed = body.replace(place[0], () => place[1])
    if (changed === body)
      throw new TypeError(`sign: body: has no '${place[0]}', the signed text that is changed`)
    return { ...delivery, body: changed }
  }
  if (proof.covers === 'body') return { ...delivery, body: changedAtEnd(body) }
  // Nothing of the body is signed: what can be changed is the credential itself.
  const changed = Object.entries(headers).map(([name, value]) => [
    name,
    name === 'content-type' ? value : changedAtEnd(value),
  ])
  const own = secret === undefined ? body : body.replaceAll(secret, changedAtEnd)
  return { ...delivery, headers: Object.fromEntries(changed) as Record<string, string>, body: own }
}

/** The last letter or digit becomes another one of its kind, so that the text keeps its form. */
function changedAtEnd(text: string): string {
  const at = text.search(/[A-Za-z0-9][^A-Za-z0-9]*$/)
  if (at < 0) return `${text}x`
  const other = /[0-9]/.test(text.charAt(at))
    ? text.charAt(at) === '1'
      ? '2'
      : '1'
    : text.charAt(at) === 'a'
      ? 'b'
      : 'a'
  return text.slice(0, at) + other + text.slice(at + 1)
}
