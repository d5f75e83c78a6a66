import { allow, deny, type Env, type Result, secretOf } from '../contract.ts'
import { decodeBase64 } from '../lib/base64.ts'
import { utf8 } from '../lib/digest.ts'
import { decodeHex } from '../lib/hex.ts'
import type { Algorithm } from './algorithms.ts'
import type { Scheme } from './scheme.ts'

/** The two places for a secret; `next` is the same name with `_NEXT`, and nobody has to set it. */
export type SecretSlot = 'current' | 'next'

/** How the text of a secret becomes a key. `decode` gives undefined for a text that is not of the provider's form. */
export interface KeyForm {
  algorithm: Algorithm
  decode: (text: string) => Uint8Array<ArrayBuffer> | undefined
}

export interface Key {
  slot: SecretSlot
  /** Which of the proof's forms it is. */
  form: number
  key: unknown
  text: string
}

/** The imported secrets of a route, and the names of those that are set and of no use. */
export interface KeyRing {
  keys: readonly Key[]
  broken: readonly string[]
}

/** The secret's text is the key, byte for byte: also where it looks like base64 or hex. */
export const text = utf8

/** The key is written in canonical base64. */
export const base64 = (secret: string) => atLeast(1, decodeBase64(secret))

/** The key is written in hex, in either case. */
export const hex = (secret: string) => atLeast(1, decodeHex(secret))

const atLeast = (length: number, bytes: Uint8Array<ArrayBuffer> | undefined) =>
  bytes !== undefined && bytes.length >= length ? bytes : undefined

/** Imports each secret once per isolate, and again only when a text changes. */
export function keyRing(scheme: Scheme, secretName: string): (env: Env) => Promise<Result<KeyRing>> {
  const names = { current: secretName, next: `${secretName}_NEXT` }
  let last: { current: string | undefined; next: string | undefined; ring: KeyRing } | undefined
  return async function keysFrom(env) {
    const texts = { current: secretOf(env, names.current), next: secretOf(env, names.next) }
    if (last && last.current === texts.current && last.next === texts.next) return allow(last.ring)
    const keys: Key[] = []
    const broken: string[] = []
    for (const slot of ['current', 'next'] as const) {
      const text = texts[slot]
      if (text === undefined) continue
      const key = await imported(scheme, text)
      if (key) keys.push({ slot, ...key, text })
      else broken.push(names[slot])
    }
    // One sound secret is enough: a slip while rotating must not stop what no provider would send again.
    if (keys.length > 0) {
      last = { ...texts, ring: { keys, broken } }
      return allow(last.ring)
    }
    return broken.length > 0 ? malformedSecrets(scheme, broken) : deny('not_configured', unset(secretName))
  }
}

/** The first form that takes the text. A space or line break at an end is a slip of the shell, never part of a secret. */
async function imported(
  { proof }: Scheme,
  text: string,
): Promise<{ form: number; key: unknown } | undefined> {
  if (text.trim() !== text) return undefined
  for (const [form, { algorithm, decode }] of proof.keys.entries()) {
    const bytes = decode(text)
    if (!bytes) continue
    // A public key that is no point of its curve is a text of the wrong form.
    const key = await algorithm.importKey(bytes).catch(() => undefined)
    if (key !== undefined) return { form, key }
  }
  return undefined
}

/** The finding about secrets that are set and of no use. */
export const malformedSecrets = (scheme: Scheme, names: readonly string[]) =>
  deny('not_configured', `secret ${names.join(' and ')} is not of the form: ${scheme.secretForm}`)

const unset = (name: string): string => `secret ${name} is not set; set it with wrangler secret put ${name}`
