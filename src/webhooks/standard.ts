import { decodeBase64 } from '../lib/base64.ts'
import type { SecretName } from '../names.ts'
import { type WebhookAuthenticator, webhook } from './engine.ts'
import { macFromBase64 } from './mac.ts'
import { MAX_SIGNATURES, parseUnixSeconds, type Scheme } from './scheme.ts'

/** Visible ASCII without the dot that separates id, time and body in what is signed. */
const ID = /^[!-\-/-~]{1,256}$/

/** standard-webhooks/spec/standard-webhooks.md, symmetric v1; read November 2026. */
export const standardScheme: Scheme = {
  name: 'standard',
  decodeSecret(text) {
    const bytes = decodeBase64(text.startsWith('whsec_') ? text.slice(6) : text)
    return bytes && bytes.length >= 24 && bytes.length <= 64 ? bytes : undefined
  },
  secretForm: 'whsec_ and 24 to 64 bytes in base64',
  read(headers) {
    const id = headers.get('webhook-id')
    if (id === null) return { missing: 'webhook-id' }
    const time = headers.get('webhook-timestamp')
    if (time === null) return { missing: 'webhook-timestamp' }
    const list = headers.get('webhook-signature')
    if (list === null) return { missing: 'webhook-signature' }
    if (!ID.test(id)) return { malformed: 'webhook-id' }
    const timestamp = parseUnixSeconds(time)
    if (timestamp === undefined) return { malformed: 'webhook-timestamp' }
    const signatures: Uint8Array<ArrayBuffer>[] = []
    for (const item of list.split(' ')) {
      const [, version, text] = /^(v[0-9a-z]{1,8}),(\S+)$/.exec(item) ?? []
      if (version === undefined || text === undefined) return { malformed: 'webhook-signature' }
      if (version !== 'v1') continue
      const signature = macFromBase64(text)
      if (!signature || signatures.length === MAX_SIGNATURES) return { malformed: 'webhook-signature' }
      signatures.push(signature)
    }
    if (signatures.length === 0) return { malformed: 'webhook-signature' }
    return { signatures, timestamp, id, prefix: `${id}.${timestamp}.` }
  },
  toleranceSeconds: 300,
  hintHeader: 'webhook-id',
  acknowledgement: { status: 200 },
  redelivery: {
    automatic: true,
    horizonSeconds: 5 * 86_400,
    disablesAfter: 'an answer of 410',
    source: 'standard-webhooks.md, "Deliverability and reliability": retries over days',
  },
}

/**
 * Verifies Standard Webhooks deliveries (`webhook-signature` v1, HMAC-SHA256 over id, time and raw body, 300 s both ways).
 * The replay key is the signed `webhook-id`.
 * @example
 * import { standard } from 'sallyport/webhooks'
 *
 * export const authenticate = standard({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const standard = (options: {
  /** The secret's name; a second one for rotation is read from the same name with `_NEXT`. */
  secret: SecretName
}): WebhookAuthenticator => webhook(standardScheme, options)
