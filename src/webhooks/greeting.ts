import type { Verify } from '../authenticator.ts'
import { allow, deny, secretOf } from '../contract.ts'
import type { WebhookPrincipal } from '../principals.ts'
import { type Bound, principalOf, refusal } from './engine.ts'
import type { Scheme, Sent } from './scheme.ts'

/** Longest query of a handshake: challenges have a few dozen characters. */
const MAX_QUERY = 2048

/** Whether a request is a handshake that the provider does not sign. */
export function isGreeting({ greeting }: Scheme, sent: Sent): boolean {
  if (greeting?.method !== sent.method) return false
  if (greeting.path !== undefined && new URL(sent.url).pathname !== greeting.path) return false
  return greeting.isFor?.(sent) ?? true
}

/** Answers a handshake that the provider does not sign, or refuses it: nothing of it goes on. */
export function greet(bound: Bound, { headers, now }: Sent, search: string): Verify<WebhookPrincipal> {
  const { scheme, secret, options } = bound
  return async (body = new Uint8Array(), { env }) => {
    const read = (name: string) => secretOf(env, name)
    const names = secret === undefined ? [] : [secret, `${secret}_NEXT`]
    const secrets = names.flatMap((name) => read(name) ?? [])
    const query = new URLSearchParams(search.length > MAX_QUERY ? '' : search)
    const handshake = await scheme.greeting?.answer({ headers, query, body, secrets, options, read, now })
    if (!handshake) return refusal(scheme, deny('signature_refused', 'the handshake is refused').denial)
    return allow({ principal: principalOf(bound, undefined), handshake })
  }
}
