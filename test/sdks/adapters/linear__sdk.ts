import { LinearWebhookClient } from '@linear/sdk/webhooks'
import { type Adapter, header, saysYes } from '../adapter.ts'

export default {
  package: '@linear/sdk',
  providers: ['linear'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      new LinearWebhookClient(delivery.secret).verify(
        Buffer.from(delivery.body),
        header(delivery, 'linear-signature'),
      ),
    ),
} satisfies Adapter
