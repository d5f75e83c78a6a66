import type { SecretName } from '../../names.ts'
import { once } from '../challenge.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'
import { sameText } from '../token.ts'

/** A whole number, by the documentation. */
const CHALLENGE = /^[0-9]{1,64}$/

interface MetaOptions {
  /** The secret that holds the verify token: a text of your own, entered in the app's dashboard. It is not the app secret. */
  verifyToken: SecretName
}

/**
 * Verifies webhook deliveries of Meta's platforms: Facebook, Instagram, Messenger, WhatsApp (`X-Hub-Signature-256`, HMAC-SHA256
 * over the raw body; no time is signed). One delivery may hold many entries and has no id: the replay key is the body's digest.
 * The unsigned handshake, `GET ?hub.mode=subscribe…`, is answered here where it knows the verify token, on a route with
 * `method: ['GET', 'POST']`.
 * @example
 * import { meta } from 'sallyport/webhooks'
 *
 * // What `npm run env-types` writes once there are such secrets.
 * declare global { namespace Cloudflare { interface Env { META_APP_SECRET: string; META_VERIFY_TOKEN: string } } }
 *
 * export const authenticate = meta({ secret: 'META_APP_SECRET', verifyToken: 'META_VERIFY_TOKEN' })
 */
export const meta = provider({
  name: 'meta',
  secretForm: "the app's secret",
  proof: signed({
    signature: { header: 'x-hub-signature-256', form: 'sha256={hex}' },
    signs: '{body}',
  }),
  options: ['verifyToken'],
  configure({ verifyToken, ...others }: MetaOptions, fail) {
    if (typeof verifyToken !== 'string' || verifyToken.length === 0)
      fail('verifyToken', 'is missing; name the Worker secret that holds the verify token')
    if ('secret' in others && (verifyToken === others.secret || verifyToken === `${others.secret}_NEXT`))
      fail('verifyToken', 'is the app secret, and a verify token stands in URLs; give it a secret of its own')
    return { secrets: [verifyToken] }
  },
  greeting: {
    method: 'GET',
    async answer({ query, options: { verifyToken }, read }) {
      const challenge = once(query, 'hub.challenge')
      const presented = once(query, 'hub.verify_token')
      const expected = read(verifyToken)
      if (once(query, 'hub.mode') !== 'subscribe' || challenge === undefined || !CHALLENGE.test(challenge))
        return undefined
      if (presented === undefined || expected === undefined) return undefined
      if (!(await sameText(presented, expected))) return undefined
      return { status: 200, contentType: 'text/plain; charset=utf-8', body: challenge }
    },
  },
  redelivery: { automatic: true, horizonSeconds: 36 * 3600 },
})

export const facts: Facts = {
  title: 'Meta (Facebook, Instagram, Messenger, WhatsApp)',
  source:
    'developers.facebook.com, "Webhooks: getting started"; retries for 36 hours from memory; the timeout is not documented',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'the verify token, which stands in a URL, is all that proves the handshake; the signature is over the bytes as they were sent, with escaped Unicode',
}
