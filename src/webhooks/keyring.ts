import { allow, deny, type Env, type Result, secretOf } from '../contract.ts'
import type { Scheme } from './scheme.ts'

/** The two places for a secret; `next` is the same name with `_NEXT`, and nobody has to set it. */
export type SecretSlot = 'current' | 'next'

/** The imported secrets of a route, and the names of those that are set and of no use. */
export interface KeyRing {
  keys: readonly { slot: SecretSlot; key: CryptoKey }[]
  broken: readonly string[]
}

const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256' }

/** Imports each secret once per isolate, and again only when a text changes. */
export function keyRing(scheme: Scheme, secretName: string): (env: Env) => Promise<Result<KeyRing>> {
  const names = { current: secretName, next: `${secretName}_NEXT` }
  let last: { current: string | undefined; next: string | undefined; ring: KeyRing } | undefined
  return async function keysFrom(env) {
    const texts = { current: secretOf(env, names.current), next: secretOf(env, names.next) }
    if (last && last.current === texts.current && last.next === texts.next) return allow(last.ring)
    const keys: { slot: SecretSlot; key: CryptoKey }[] = []
    const broken: string[] = []
    for (const slot of ['current', 'next'] as const) {
      const text = texts[slot]
      if (text === undefined) continue
      const bytes = decode(scheme, text)
      if (!bytes) broken.push(names[slot])
      else
        keys.push({ slot, key: await crypto.subtle.importKey('raw', bytes, HMAC_SHA256, false, ['verify']) })
    }
    // One sound secret is enough: a slip while rotating must not stop what no provider would send again.
    if (keys.length > 0) {
      last = { ...texts, ring: { keys, broken } }
      return allow(last.ring)
    }
    return broken.length > 0 ? malformedSecrets(scheme, broken) : deny('not_configured', unset(secretName))
  }
}

/** The finding about secrets that are set and of no use. */
export const malformedSecrets = (scheme: Scheme, names: readonly string[]) =>
  deny('not_configured', `secret ${names.join(' and ')} is not of the form: ${scheme.secretForm}`)

const unset = (name: string): string => `secret ${name} is not set; set it with wrangler secret put ${name}`

/** A space or line break at an end is a slip of the shell, never part of a secret. */
const decode = (scheme: Scheme, text: string) =>
  text.trim() === text ? scheme.decodeSecret(text) : undefined
