import { allow, type DeliveryNotes, deny, type Env, type Result, secretOf } from '../contract.ts'
import { readVerificationKey, type VerificationKey } from '../origin/keys.ts'

/** A key that commands are verified with, and the secret that it stood in. */
export interface ControlKey {
  slot: DeliveryNotes['secretSlot']
  key: VerificationKey
}

/** The form of the secret, as messages name it. */
export const KEY_FORM =
  '<key id>:hmac-sha256:<base64 of 32 bytes or more>, or <key id>:ed25519-public:<base64 of 32 bytes>'

/** Reads the keys out of a Worker secret and its second slot, again only when a text changes. */
export function controlKeys(name: string): (env: Env) => Result<readonly ControlKey[]> {
  const names = { current: name, next: `${name}_NEXT` } as const
  let last: { texts: string; keys: readonly ControlKey[] } | undefined
  return function keysFrom(env) {
    const texts = JSON.stringify([secretOf(env, names.current), secretOf(env, names.next)])
    if (last?.texts === texts) return allow(last.keys)
    const keys: ControlKey[] = []
    for (const slot of ['current', 'next'] as const) {
      const text = secretOf(env, names[slot])
      if (text === undefined) continue
      try {
        keys.push({ slot, key: readVerificationKey(text) })
      } catch {
        return deny('not_configured', `secret ${names[slot]} is not of the form ${KEY_FORM}`)
      }
    }
    if (keys.length === 0)
      return deny('not_configured', `secret ${name} is not set; set it with wrangler secret put ${name}`)
    last = { texts, keys }
    return allow(keys)
  }
}
