import { validateWebhook } from 'replicate'
import { type Adapter, header, saysYes } from '../adapter.ts'

export default {
  package: 'replicate',
  providers: ['replicate'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      validateWebhook({
        id: header(delivery, 'webhook-id'),
        timestamp: header(delivery, 'webhook-timestamp'),
        signature: header(delivery, 'webhook-signature'),
        body: delivery.body,
        secret: delivery.secret,
      }),
    ),
} satisfies Adapter
