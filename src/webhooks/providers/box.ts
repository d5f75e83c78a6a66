import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Box V2 webhook deliveries (`BOX-SIGNATURE-PRIMARY` and `BOX-SIGNATURE-SECONDARY`, HMAC-SHA256 over
 * raw body and `BOX-DELIVERY-TIMESTAMP`, 600 s into the past and 300 s into the future). One of the two
 * signatures is enough: put the primary key into the secret and the secondary into its `_NEXT`, and exchange
 * them one at a time. The replay key is the body's `id`, which Box keeps over retries; `BOX-DELIVERY-ID` is
 * new each time and not signed. What is signed are the bytes as they come, in which Box writes letters
 * outside ASCII as `\u` escapes.
 * @example
 * import { box } from 'sallyport/webhooks'
 *
 * export const authenticate = box({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const box = provider({
  name: 'box',
  secretForm: "the app's primary or secondary signature key, as text",
  proof: signed({
    signature: { header: ['box-signature-primary', 'box-signature-secondary'], form: '{base64}' },
    // The time has one form and stands last, so no byte can pass for the body's and the time's.
    time: { header: 'box-delivery-timestamp', unit: 'iso', toleranceSeconds: 600 },
    signs: '{body}{time}',
  }),
  bodyId: 'id',
  hintHeader: 'box-delivery-id',
  timeoutSeconds: 30,
  // Up to 12 times.
  redelivery: { automatic: true, horizonSeconds: 2 * 3600 },
})

export const facts: Facts = {
  title: 'Box',
  source:
    'box-node-sdk 10.12 managers/webhooks and the tests of its 3.x; developer.box.com, "V2 webhooks" (12 retries in 2 hours, which may change; an older copy says 10, the first after 5 minutes)',
  checked: '2026-11',
  rotation: 'two keys at all times, one header for each',
  trap: 'the delivery’s id is not signed; after re-encoding the body its escapes are gone and no signature matches',
  unsigned: [
    'box-delivery-id',
    'box-signature-version',
    'box-signature-algorithm',
    'box-signature-secondary',
  ],
}
