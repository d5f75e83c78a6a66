import { sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import { embedded, type Write } from '../embedded.ts'
import { asObject, ownMember, readObject } from '../object.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'

/** Nothing separates time and token, so that both have one length. */
const TIME = /^[1-9][0-9]{9}$/
const TOKEN = /^[0-9A-Za-z]{50}$/

/**
 * Verifies the signature of Mailgun webhooks (`signature` in the JSON body, hex HMAC-SHA256 over `timestamp` and `token`), which
 * does not cover the event: whoever reads one delivery can send any event with its signature, until its token is used or 9 hours
 * old. The replay key is the token. Mailgun retries for 8 hours, and an origin's 406 ends that. Events of subaccounts carry a
 * second signature by the primary account's key, which is taken where that key is the secret. The older webhooks, which came as
 * forms, are refused.
 * @example
 * import { mailgun } from 'sallyport/webhooks'
 *
 * export const authenticate = mailgun({ secret: 'STANDARD_WEBHOOK_SECRET', unsafeBodyIsNotSigned: true })
 */
export const mailgun = provider({
  name: 'mailgun',
  secretForm: "the account's HTTP webhook signing key",
  proof: embedded({
    covers: 'part',
    form: '{hex}',
    time: { unit: 's', toleranceSeconds: 9 * 3600 },
    read(body) {
      const signature = asObject(ownMember(readObject(body), 'signature'))
      const written = ownMember(signature, 'timestamp')
      const timestamp = typeof written === 'number' ? String(written) : written
      const token = ownMember(signature, 'token')
      if (typeof timestamp !== 'string' || !TIME.test(timestamp)) return undefined
      if (typeof token !== 'string' || !TOKEN.test(token)) return undefined
      const signatures = [ownMember(signature, 'signature'), ownMember(signature, 'parent-signature')]
      const texts = signatures.filter((text) => text !== undefined)
      if (!texts.every((text) => typeof text === 'string')) return undefined
      return {
        claims: texts.length === 0 ? [] : [{ signatures: texts, messages: [timestamp + token] }],
        time: timestamp,
        id: token,
        signed: { timestamp, token },
      }
    },
  }),
  redelivery: { automatic: true, horizonSeconds: 8 * 3600 + 300 },
})

export const write: Write = async (body, { time: timestamp, id, sign }) => {
  const token = encodeHex(await sha256(utf8(id))).slice(0, 50)
  const signature = { timestamp, token, signature: await sign(timestamp + token) }
  return { body: JSON.stringify({ ...JSON.parse(body), signature }) }
}

export const facts: Facts = {
  title: 'Mailgun',
  source:
    'documentation.mailgun.com, "Securing Webhooks"; help.mailgun.com, "Webhooks"; mailgun-go webhooks.go; timeout not documented, whether a retry is signed anew neither',
  checked: '2026-11',
  rotation:
    'one signature; the gateway holds two keys; subaccounts send a second one by the primary account’s key',
  signs: '`timestamp` and `token` of `signature`; nothing of the event',
  signedId: 'signature.token',
  trap: 'the signature covers time and token alone: a captured one authenticates any event, so that a token is good for one delivery; an answer of 406 ends the retries of one',
  unsigned: ['event-data'],
}
