import type { SecretName, VarName } from '../../names.ts'
import { parseTime } from '../clock.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/** Longest that a window for a handshake may be open: it is opened for one call. */
const MAX_ARMED_MS = 3_600_000
/** Asana's have 64 hex digits. */
const HOOK_SECRET = /^[A-Za-z0-9]{32,128}$/

interface AsanaOptions {
  /**
   * The var or secret that holds until when a handshake is answered: `2026-11-22T12:30:00Z`, no more than an hour from now. Unset,
   * over or further ahead, every handshake is refused. @default none is ever answered
   */
  armedUntil?: SecretName | VarName
}

/**
 * Verifies Asana webhook deliveries (`X-Hook-Signature`, HMAC-SHA256 over the raw body; no time is signed). There is no id:
 * the replay key is the body's digest, so that of heartbeats, which are all equal, only the first in `replay.ttl` reaches the
 * origin and Asana gets its 200 for the others. The unsigned handshake, a POST with `X-Hook-Secret`, comes while the call that
 * creates the webhook is running: set `armedUntil` before it, take the secret from the answer of that call (`X-Hook-Secret`
 * beside `data`) and set it as the secret. The header is sent back and nothing of it is kept: who plants one gains nothing.
 * @example
 * import { asana } from 'sallyport/webhooks'
 *
 * // What `npm run env-types` writes once there are such secrets: ASANA_ARMED_UNTIL stays empty but for the call.
 * declare global { namespace Cloudflare { interface Env { ASANA_HOOK_SECRET: string; ASANA_ARMED_UNTIL: string } } }
 *
 * export const authenticate = asana({ secret: 'ASANA_HOOK_SECRET', armedUntil: 'ASANA_ARMED_UNTIL' })
 */
export const asana = provider({
  name: 'asana',
  secretForm: 'the X-Hook-Secret of the handshake',
  proof: signed({
    signature: { header: 'x-hook-signature', form: '{hex}' },
    signs: '{body}',
  }),
  options: ['armedUntil'],
  configure({ armedUntil }: AsanaOptions, fail) {
    if (armedUntil === undefined) return {}
    if (typeof armedUntil !== 'string' || armedUntil.length === 0)
      fail('armedUntil', 'is not the name of a var or secret that holds a time, such as 2026-11-22T12:30:00Z')
    return { vars: [{ name: armedUntil }] }
  },
  greeting: {
    method: 'POST',
    isFor: ({ headers }) => headers.has('x-hook-secret'),
    answer({ headers, options: { armedUntil }, read, now }) {
      const until = armedUntil === undefined ? undefined : parseTime(read(armedUntil) ?? '', 'iso')
      if (until === undefined || until <= now || until > now + MAX_ARMED_MS) return undefined
      const secret = headers.get('x-hook-secret') ?? ''
      return HOOK_SECRET.test(secret) ? { status: 200, headers: { 'x-hook-secret': secret } } : undefined
    },
  },
  timeoutSeconds: 10,
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Asana',
  source:
    'developers.asana.com, "Establish a webhook" and "Webhooks guide"; that the signature is in hex from memory',
  checked: '2026-11',
  rotation: 'each webhook has a secret of its own: a second webhook for the same URL takes the second slot',
  disablesAfter: '24 hours of failures',
  trap: 'anybody can send X-Hook-Secret: it is answered in an armed window alone, and never kept',
}
