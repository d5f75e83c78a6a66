import { decodeBase64, encodeBase64 } from '../../lib/base64.ts'
import { utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import type { SecretName, VarName } from '../../names.ts'
import { hmacSha1 } from '../algorithms.ts'
import { embedded, type Write } from '../embedded.ts'
import { onlyValue, readSignedForm } from '../form.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { sameText } from '../token.ts'

/** Options that only Braintree has. */
export interface BraintreeOptions {
  /** The var, or secret, that holds the public key of the same pair: it is no secret, and it says which signature is for this gateway. */
  publicKey: SecretName | VarName
}

const PUBLIC_KEY = /^[A-Za-z0-9_-]{1,64}$/
/** Braintree's own rule. Nothing of this form is a notification, so that an answered challenge signs none. */
const CHALLENGE = /^[a-f0-9]{20,32}$/
/** Of a list `key|signature&key|signature`. */
const PAIR = /^([A-Za-z0-9_-]{1,64})\|([^|&]+)$/
const MAX_PAIRS = 8
/** Base64 in lines, as Ruby writes it. */
const PAYLOAD = /^[A-Za-z0-9+/=\n]+$/
/** Characters: the time stands before the subject. */
const MAX_BEFORE_TIME = 4096
/** The notification's own time: nothing but elements of plain text may stand before it, since its subject has times too. */
const TIMESTAMP =
  /^(?:<\?xml[^<>]*\?>)?\s*<notification>(?:\s*<([a-z-]+)>[^<>]*<\/\1>)*\s*<timestamp type="datetime">([^<>]*)<\/timestamp>/

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The signed XML, or undefined. */
function xmlOf(payload: string): string | undefined {
  const bytes = PAYLOAD.test(payload) ? decodeBase64(payload.replaceAll('\n', '')) : undefined
  try {
    return bytes && decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** The signature that stands beside the public key, where it stands there once. */
function signatureFor(publicKey: string, list: string): string | undefined {
  const pairs = list.split('&', MAX_PAIRS + 1).map((pair) => PAIR.exec(pair))
  if (pairs.length > MAX_PAIRS || pairs.includes(null)) return undefined
  const ours = pairs.filter((pair) => pair?.[1] === publicKey)
  return ours.length === 1 ? ours[0]?.[2] : undefined
}

/**
 * Verifies Braintree webhooks (`bt_signature` in a form, hex HMAC-SHA1 over `bt_payload` under the SHA-1 of the private key, the
 * notification's own time 25 hours into the past, since a notification is sent again every hour for a day). The replay key is the
 * digest of the payload. The check of a new destination, a GET with `bt_challenge`, is unsigned and answered here: give the route
 * `method: ['POST', 'GET']`. Such an answer is a signature over 20 to 32 hex digits, which no notification consists of.
 * @example
 * import { braintree } from 'sallyport/webhooks'
 *
 * // What `npm run env-types` writes once there are such names.
 * declare global { namespace Cloudflare { interface Env { BRAINTREE_PRIVATE_KEY: string; BRAINTREE_PUBLIC_KEY: string } } }
 *
 * export const authenticate = braintree({ secret: 'BRAINTREE_PRIVATE_KEY', publicKey: 'BRAINTREE_PUBLIC_KEY' })
 */
export const braintree = provider({
  name: 'braintree',
  secretForm: "the API key's private key",
  proof: embedded({
    covers: 'body',
    form: '{hex}',
    algorithm: hmacSha1,
    keyDigest: 'SHA-1',
    time: { unit: 'iso', toleranceSeconds: 25 * 3600 },
    read(body, { options, textOf }) {
      const form = readSignedForm(body)
      const publicKey = textOf((options as BraintreeOptions).publicKey)
      // A third parameter would be covered by nothing.
      if (!form || publicKey === undefined || Object.keys(form).length !== 2) return undefined
      const payload = onlyValue(form, 'bt_payload') ?? ''
      const signature = signatureFor(publicKey, onlyValue(form, 'bt_signature') ?? '')
      const time = TIMESTAMP.exec(xmlOf(payload)?.slice(0, MAX_BEFORE_TIME) ?? '')?.[2]
      if (signature === undefined || time === undefined) return undefined
      // The line break at the payload's end is lost in some senders' forms.
      return { claims: [{ signatures: [signature], messages: [payload, `${payload}\n`] }], time }
    },
  }),
  options: ['publicKey'],
  configure({ publicKey, ...others }: BraintreeOptions, fail) {
    if (typeof publicKey !== 'string' || String(publicKey) === '')
      fail('publicKey', 'is missing; name the var that holds the public key')
    // It is answered to whoever asks.
    if ('secret' in others && (publicKey === others.secret || publicKey === `${others.secret}_NEXT`))
      fail('publicKey', 'names the private key, and a public key is told to everybody; name a var of its own')
    return { vars: [{ name: publicKey }] }
  },
  greeting: {
    method: 'GET',
    async answer({ query, secrets, options, read }) {
      const [secret] = secrets
      const challenges = query.getAll('bt_challenge')
      const [challenge = ''] = challenges
      const publicKey = read((options as BraintreeOptions).publicKey)
      if (challenges.length !== 1 || !CHALLENGE.test(challenge)) return undefined
      if (secret === undefined || publicKey === undefined || !PUBLIC_KEY.test(publicKey)) return undefined
      // Somebody has set the private key in both places.
      const isSecret = await Promise.all(secrets.map((one) => sameText(one, publicKey)))
      if (isSecret.includes(true)) return undefined
      const digest = await crypto.subtle.digest('SHA-1', utf8(secret))
      const key = await crypto.subtle.importKey('raw', digest, { name: 'HMAC', hash: 'SHA-1' }, false, [
        'sign',
      ])
      const answer = encodeHex(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(challenge))))
      return { status: 200, contentType: 'text/plain; charset=utf-8', body: `${publicKey}|${answer}` }
    },
  },
  content: [{ mediaType: 'application/x-www-form-urlencoded', syntax: 'form' }],
  timeoutSeconds: 30,
  redelivery: { automatic: true, horizonSeconds: 24 * 3600 },
})

export const write: Write = async (body, { time, sign }) => {
  const { bt_signature, bt_payload } = JSON.parse(body) as Record<string, string>
  const xml = bt_payload?.replace(/(<timestamp type="datetime">)[^<]*/, `$1${time}`) ?? ''
  const payload = `${encodeBase64(utf8(xml))}\n`
  const signature = `${bt_signature}|${await sign(payload)}`
  return { body: new URLSearchParams({ bt_signature: signature, bt_payload: payload }).toString() }
}

export const facts: Facts = {
  title: 'Braintree',
  source:
    'braintree 3.40.0 webhook_notification_gateway.js and webhook_testing_gateway.js; developer.paypal.com, "Parse" of Braintree’s webhooks',
  checked: '2026-11',
  rotation: 'a signature for each public key in one field; the gateway holds two private keys',
  signs: 'the parameter `bt_payload`',
  trap: 'the form carries XML in base64, which the gateway does not look into beyond its time; the unsigned challenge is answered with a signature, over hex digits alone',
}
