import { WebhooksHelper } from 'square'
import { type Adapter, header, saysYes } from '../adapter.ts'

export default {
  package: 'square',
  providers: ['square'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      WebhooksHelper.verifySignature({
        requestBody: delivery.body,
        signatureHeader: header(delivery, 'x-square-hmacsha256-signature'),
        signatureKey: delivery.secret,
        notificationUrl: delivery.url,
      }),
    ),
} satisfies Adapter
