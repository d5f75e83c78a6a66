import { utf8 } from '../../lib/digest.ts'
import { embedded, type Write } from '../embedded.ts'
import { onlyValue, readSignedForm } from '../form.ts'
import { readMultipart } from '../multipart.ts'
import { asObject, ownMember, readObject } from '../object.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'

/** Nothing separates time and type, so that neither may run into the other. */
const TIME = /^[1-9][0-9]{9}$/
const TYPE = /^[a-z][a-z_]{0,127}$/

/** Any that the event does not hold: JSON escapes line breaks. */
const BOUNDARY = 'sallyport-boundary'

/** The text of the one field that carries the event. */
function eventText(body: Uint8Array, contentType: string | undefined): string | undefined {
  if (contentType !== undefined && /^multipart\//i.test(contentType))
    return readMultipart(body, contentType)?.get('json')
  const form = readSignedForm(body)
  return form && onlyValue(form, 'json')
}

/**
 * Verifies the hash in Dropbox Sign callbacks (`event.event_hash` in the `json` field of a multipart or URL-encoded form, hex
 * HMAC-SHA256 with the primary API key over `event_time` and `event_type`), which does not cover the event: whoever reads one
 * callback can send any event of that type and second, for 4 days. Two events of one type in one second have the same hash, so
 * that a delivery is known by the digest of its whole `json` instead, which only keeps copies out. Retries last about 3 days,
 * until an answer has the text `Hello API Event Received`: a copy gets it from here, a first delivery from the origin. The
 * gateway does not hand multipart to a schema: leave `body` out of the route.
 * @example
 * import { dropboxSign } from 'sallyport/webhooks'
 *
 * export const authenticate = dropboxSign({ secret: 'STANDARD_WEBHOOK_SECRET', unsafeBodyIsNotSigned: true })
 */
export const dropboxSign = provider({
  name: 'dropbox-sign',
  secretForm: "the account's primary API key",
  proof: embedded({
    covers: 'part',
    form: '{hex}',
    time: { unit: 's', toleranceSeconds: 4 * 86_400 },
    read(body, { headers }) {
      const json = eventText(body, headers.get('content-type'))
      const event = json === undefined ? undefined : asObject(ownMember(readObject(utf8(json)), 'event'))
      const time = ownMember(event, 'event_time')
      const type = ownMember(event, 'event_type')
      const hash = ownMember(event, 'event_hash')
      if (json === undefined || typeof hash !== 'string') return undefined
      if (typeof time !== 'string' || !TIME.test(time)) return undefined
      if (typeof type !== 'string' || !TYPE.test(type)) return undefined
      return {
        claims: [{ signatures: [hash], messages: [time + type] }],
        time,
        signed: { event_time: time, event_type: type },
        knownBy: utf8(json),
      }
    },
  }),
  content: [{ mediaType: 'application/x-www-form-urlencoded', syntax: 'form' }],
  acknowledgement: {
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    body: 'Hello API Event Received',
  },
  redelivery: { automatic: true, horizonSeconds: 3 * 86_400 },
})

export const write: Write = async (body, { time: event_time, sign }) => {
  const whole = JSON.parse(body) as { event: { event_type: string } }
  const event_hash = await sign(event_time + whole.event.event_type)
  const json = JSON.stringify({ ...whole, event: { ...whole.event, event_time, event_hash } })
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="json"\r\n\r\n`
  return {
    body: `${head}${json}\r\n--${BOUNDARY}--\r\n`,
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
  }
}

export const facts: Facts = {
  title: 'Dropbox Sign',
  source:
    'developers.hellosign.com, "Events Walkthrough", "Account Callbacks" and "Callbacks & Events"; the order of what is signed through third parties; timeout not documented',
  checked: '2026-11',
  rotation: 'one hash, always by the primary API key; the gateway holds two keys',
  signs: '`event_time` and `event_type` of `event`',
  trap: 'the hash covers time and type alone: a captured one authenticates any event of that type, and events of one second share it',
  unsigned: ['signature_request', 'template', 'account_guid', 'client_id', 'event.event_metadata'],
}
