import { jws } from '../jws.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'

/** Characters; monday's own have a few dozen. */
const MAX_CHALLENGE = 256

/**
 * Verifies that a request is monday's (`Authorization`, a JWT with HS256: `aud` as the public URL, `iat` and `exp` about 300 s
 * later), and no more: the body is not signed. Who sees one request can send any body to this URL until the token has expired.
 * Rules may rest on `accountId` and `userId` in `principal.signed`. Nothing is claimed, since the token is the same for all
 * events of a second. `{"challenge": …}` is answered here, once its token is verified; a webhook that was added by hand has no
 * token and is refused. Webhooks of boards take the app's signing secret, those of its life cycle its client secret: one route
 * for each. The token holds a key to monday's API, and it goes to the origin.
 * Whether a retry brings a token of its own is not documented: one that has expired is refused, and no `tolerance` stretches its
 * `exp`.
 * @example
 * import { monday } from 'sallyport/webhooks'
 *
 * export const authenticate = monday({ secret: 'STANDARD_WEBHOOK_SECRET', unsafeBodyIsNotSigned: true })
 */
export const monday = provider({
  name: 'monday',
  secretForm: "the app's signing secret, or its client secret for webhooks of its life cycle",
  proof: jws({
    header: 'authorization',
    alg: 'HS256',
    urlClaim: 'aud',
    time: { claim: 'iat', expires: true, toleranceSeconds: 300 },
    tells: ['accountId', 'userId'],
  }),
  handshake({ json: { challenge, ...others } }) {
    if (typeof challenge !== 'string' || challenge.length > MAX_CHALLENGE) return undefined
    if (Object.keys(others).length > 0) return undefined
    return { status: 200, contentType: 'application/json', body: JSON.stringify({ challenge }) }
  },
  replay: 'none',
  redelivery: { automatic: true, horizonSeconds: 1800 },
})

export const facts: Facts = {
  title: 'monday.com',
  source: 'developer.monday.com, "Authorization header", "Advanced concepts" and "Webhooks"',
  checked: '2026-11',
  rotation: 'one secret; the gateway holds two',
  signs: 'a token with URL, times, account and user; nothing of the body',
  trap: 'the body is not signed, and webhooks that were added by hand have no token at all',
  unsigned: ['body'],
}
