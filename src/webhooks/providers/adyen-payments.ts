import { utf8 } from '../../lib/digest.ts'
import { embedded, type Write } from '../embedded.ts'
import { hex } from '../keys.ts'
import { asObject, type JsonObject, ownMember, readObject } from '../object.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'

/** Names in what is signed, in order; `amount` has two. */
const FIELDS = [
  'pspReference',
  'originalReference',
  'merchantAccountCode',
  'merchantReference',
  'amount.value',
  'amount.currency',
  'eventCode',
  'success',
] as const

type Fields = Readonly<Record<(typeof FIELDS)[number], string>>

/**
 * One signed field of an item, an absent one as an empty text. Colons separate them and are not escaped, so that only the
 * merchant's reference, which is free text, may hold one: with seven fields around it there is one way to read what is signed.
 */
function fieldOf(item: JsonObject, name: keyof Fields): string | undefined {
  const amount = asObject(ownMember(item, 'amount'))
  if (name === 'amount.value') {
    const value = ownMember(amount, 'value') ?? ''
    return value === '' || Number.isSafeInteger(value) ? String(value) : undefined
  }
  const value = (name === 'amount.currency' ? ownMember(amount, 'currency') : ownMember(item, name)) ?? ''
  if (typeof value !== 'string' || (name !== 'merchantReference' && value.includes(':'))) return undefined
  return value
}

function fieldsOf(item: JsonObject): Fields | undefined {
  const fields = FIELDS.map((name) => [name, fieldOf(item, name)] as const)
  if (fields.some(([, text]) => text === undefined)) return undefined
  return Object.fromEntries(fields) as Fields
}

const messageOf = (fields: Fields): string => FIELDS.map((name) => fields[name]).join(':')

/** The items of a notification. */
function itemsOf(body: Uint8Array): readonly JsonObject[] | undefined {
  const items = ownMember(readObject(body), 'notificationItems')
  if (!Array.isArray(items)) return undefined
  const found = items.map((item) => asObject(ownMember(asObject(item), 'NotificationRequestItem')))
  return found.every((item) => item !== undefined) ? found : undefined
}

/**
 * Verifies Adyen's standard webhooks (`additionalData.hmacSignature` of each item, base64 HMAC-SHA256 over eight of its fields,
 * under a key in hex), which leaves most of the body uncovered: rely on `signed` of the principal and ask Adyen for the rest.
 * Every item of a request has to verify. No time is signed, and the replay key is the digest of the signed fields: a notification
 * that repeats them with other details is a copy. A copy is answered with `[accepted]`; on the first delivery the origin's answer
 * counts.
 * @example
 * import { adyenPayments } from 'sallyport/webhooks'
 *
 * export const authenticate = adyenPayments({ secret: 'STANDARD_WEBHOOK_SECRET', unsafeBodyIsNotSigned: true })
 */
export const adyenPayments = provider({
  name: 'adyen-payments',
  secretForm: "the webhook's HMAC key, in hex",
  proof: embedded({
    covers: 'part',
    form: '{base64}',
    decode: hex,
    read(body) {
      const items = itemsOf(body)
      if (!items) return undefined
      const claims: { signatures: string[]; messages: string[] }[] = []
      const signed: Record<string, string> = {}
      for (const [at, item] of items.entries()) {
        const fields = fieldsOf(item)
        const signature = ownMember(asObject(ownMember(item, 'additionalData')), 'hmacSignature')
        if (!fields || typeof signature !== 'string') return undefined
        claims.push({ signatures: [signature], messages: [messageOf(fields)] })
        for (const name of FIELDS) signed[`${at}.${name}`] = fields[name]
      }
      return { claims, signed }
    },
  }),
  acknowledgement: { status: 200, contentType: 'text/plain; charset=utf-8', body: '[accepted]' },
  timeoutSeconds: 10,
  redelivery: { automatic: true, horizonSeconds: 30 * 86_400 },
})

export const write: Write = async (body, { sign }) => {
  const whole = JSON.parse(body) as Record<string, unknown>
  const items = itemsOf(utf8(body))
  if (!items) throw new TypeError('sign: body: has no notificationItems')
  const notificationItems: unknown[] = []
  for (const item of items) {
    const fields = fieldsOf(item)
    if (!fields) throw new TypeError('sign: body: an item has a field that cannot be signed')
    const hmacSignature = await sign(messageOf(fields))
    const additionalData = { ...asObject(ownMember(item, 'additionalData')), hmacSignature }
    notificationItems.push({ NotificationRequestItem: { ...item, additionalData } })
  }
  return { body: JSON.stringify({ ...whole, notificationItems }) }
}

export const facts: Facts = {
  title: 'Adyen, standard webhooks',
  source:
    '@adyen/api-library 32.1.0 hmacValidator and its tests; docs.adyen.com, "Verify HMAC signatures" and "Troubleshoot webhooks"',
  checked: '2026-11',
  rotation: 'one signature; the old key signs for a while after a change, the gateway holds two',
  signs: 'eight fields of each item',
  trap: 'eight fields of an item are signed and nothing beside them; each item is signed on its own: items can be left out, or put together from several requests, and still verify',
  unsigned: [
    'live',
    'notificationItems.NotificationRequestItem.eventDate',
    'notificationItems.NotificationRequestItem.reason',
    'notificationItems.NotificationRequestItem.paymentMethod',
    'notificationItems.NotificationRequestItem.operations',
    'notificationItems.NotificationRequestItem.additionalData',
  ],
}
