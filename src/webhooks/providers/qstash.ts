import { jws } from '../jws.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'

/**
 * Verifies QStash deliveries (`Upstash-Signature`, a JWT with HS256: `iss`, `sub` as the public URL, `nbf` and `exp` 300 s later,
 * SHA-256 of the raw body). QStash signs with the current or with the next signing key: the one goes into the secret, the other
 * into the same name with `_NEXT`. The replay key is the token's `jti`: two messages of a schedule have one body and are two
 * deliveries. The message id that retries share is not signed, so that a retry counts as a new delivery.
 * @example
 * import { qstash } from 'sallyport/webhooks'
 *
 * export const authenticate = qstash({ secret: 'STANDARD_WEBHOOK_SECRET', url: 'https://api.example.com/webhooks/qstash' })
 */
export const qstash = provider({
  name: 'qstash',
  secretForm: 'the current signing key; the next one goes into _NEXT',
  proof: jws({
    header: 'upstash-signature',
    alg: 'HS256',
    claims: { iss: 'Upstash' },
    urlClaim: 'sub',
    bodyHash: { claim: 'body', form: 'base64url' },
    time: { claim: 'nbf', expires: true, toleranceSeconds: 300 },
    idClaim: 'jti',
  }),
  hintHeader: 'upstash-message-id',
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Upstash QStash',
  source:
    '@upstash/qstash 2.12.0 Receiver; upstash.com, "Security"; retries by plan, their horizon of a day from memory; timeout not documented',
  checked: '2026-11',
  rotation: 'two signing keys always; the gateway holds both',
  signs: 'a token with issuer, URL, times, id and SHA-256 of the body',
  signedId: 'jti',
  trap: 'the message id is not signed: a retry is a new delivery',
  unsigned: ['upstash-message-id', 'upstash-retried', 'upstash-schedule-id'],
}
