/** The word of each event that a test changes; it stands in what the provider signs. */
export const MARK = 'marker'

export interface Event {
  body: string
  /** The type of the event, where it stands in a header or makes the body. */
  event: string
}

const json = (value: object, event = ''): Event => ({ body: JSON.stringify(value), event })
const form = (fields: string[][], event = ''): Event => ({
  body: new URLSearchParams(fields).toString(),
  event,
})

const adyenItem = (pspReference: string) => ({
  NotificationRequestItem: {
    additionalData: { cardSummary: '1111' },
    amount: { value: 1130, currency: 'EUR' },
    eventCode: 'AUTHORISATION',
    eventDate: '2026-11-01T12:00:00+01:00',
    merchantAccountCode: 'TestMerchant',
    merchantReference: MARK,
    originalReference: '',
    pspReference,
    success: 'true',
  },
})

const braintree = (id: string, now: number) =>
  `<notification><timestamp type="datetime">${new Date(now).toISOString()}</timestamp><kind>check</kind>` +
  `<subject><check type="boolean">true</check><id>${id}</id></subject></notification>`

const own: Readonly<Record<string, (id: string, now: number) => Event>> = {
  'adyen-payments': () =>
    json({ live: 'false', notificationItems: [adyenItem('9914563898'), adyenItem('9914563899')] }),
  'aws-sns': (id, now) =>
    json({
      Type: 'Notification',
      MessageId: id,
      TopicArn: 'arn:aws:sns:us-east-1:123456789012:orders',
      Subject: 'An order',
      Message: `{"note":"${MARK} Zoë"}`,
      Timestamp: new Date(now).toISOString(),
      SignatureVersion: '2',
      UnsubscribeURL: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe',
    }),
  braintree: (id, now) =>
    form([['bt_payload', `${Buffer.from(braintree(id, now)).toString('base64')}\n`]], 'check'),
  'coinbase-commerce': (id) => json({ id: 1, event: { id, type: 'charge:confirmed', data: { code: MARK } } }),
  discord: (id) => json({ type: 2, id, data: { name: MARK } }),
  github: () => json({ zen: `Keep it logically awesome, ${MARK} Zoë 🎉` }, 'push'),
  linear: (id, now) =>
    json({ action: 'create', type: 'Issue', data: { id, title: MARK }, webhookTimestamp: now }, 'Issue'),
  // The SDK refuses a type that it does not know.
  liveblocks: () => json({ type: 'storageUpdated', data: { roomId: MARK } }),
  pusher: (_, now) => json({ time_ms: now, events: [{ name: 'channel_vacated', channel: MARK }] }),
  shopify: () => json({ id: 820982911946154500, note: `${MARK} Zoë` }, 'orders/create'),
  telegram: () => json({ update_id: 10_000, poll_answer: { poll_id: MARK, option_ids: [0] } }),
  twilio: () =>
    form([
      ['CallSid', 'CA1234567890ABCDE'],
      ['Caller', '+14158675309'],
      ['Body', `${MARK} & Zoë 🎉`],
      ['Media', 'b'],
      ['Media', 'a'],
      ['Media', 'b'],
    ]),
}

/** An event that the provider's SDK takes, of `id` and `now` (Unix milliseconds) where these stand in the body. */
export function eventFor(provider: string, id: string, now: number): Event {
  const event = own[provider] ?? (() => json({ id, type: 'order.created', data: { note: `${MARK} Zoë 🎉` } }))
  return event(id, now)
}
