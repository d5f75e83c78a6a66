import { validateSignature } from '@line/bot-sdk'
import { type Adapter, header, saysYes } from '../adapter.ts'

export default {
  package: '@line/bot-sdk',
  providers: ['line'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      validateSignature(delivery.body, delivery.secret, header(delivery, 'x-line-signature')),
    ),
} satisfies Adapter
