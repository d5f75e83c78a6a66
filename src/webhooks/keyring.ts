import { allow, deny, type Env, type Result } from '../contract.ts'
import { secretOf } from '../route.ts'
import type { Scheme } from './scheme.ts'

/** The two places for a secret; `next` is the same name with `_NEXT`, and nobody has to set it. */
export type SecretSlot = 'current' | 'next'

/** An imported secret and the slot that it stands in. */
export interface Key {
  slot: SecretSlot
  text: string
  key: CryptoKey
}

/** Imports each secret once per isolate, and again only when its text changes. */
export function keyRing(scheme: Scheme, secret: string): (env: Env) => Promise<Result<readonly Key[]>> {
  let ring: readonly Key[] = []
  return async function keysFrom(env) {
    const current = secretOf(env, secret)
    const next = secretOf(env, `${secret}_NEXT`)
    if (ring.length > 0 && textIn(ring, 'current') === current && textIn(ring, 'next') === next)
      return allow(ring)
    const fresh: Key[] = []
    for (const [slot, text] of [
      ['current', current],
      ['next', next],
    ] as const) {
      if (text === undefined) continue
      const bytes = scheme.decodeSecret(text)
      const name = slot === 'current' ? secret : `${secret}_NEXT`
      if (!bytes) return deny('not_configured', `secret ${name} is not of the form: ${scheme.secretForm}`)
      const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
        'verify',
      ])
      fresh.push({ slot, text, key })
    }
    if (fresh.length === 0)
      return deny('not_configured', `secret ${secret} is not set; set it with wrangler secret put ${secret}`)
    ring = fresh
    return allow(fresh)
  }
}

const textIn = (ring: readonly Key[], slot: SecretSlot) => ring.find((key) => key.slot === slot)?.text
