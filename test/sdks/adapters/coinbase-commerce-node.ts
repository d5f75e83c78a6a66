import { Webhook } from 'coinbase-commerce-node'
import { type Adapter, header, posted, throwsNot } from '../adapter.ts'

export default {
  package: 'coinbase-commerce-node',
  providers: ['coinbase-commerce'],
  verify: (delivery) =>
    throwsNot(delivery.now, () =>
      Webhook.verifyEventBody(delivery.body, header(delivery, 'x-cc-webhook-signature'), delivery.secret),
    ),
  sign: async (input) =>
    posted(input, { 'x-cc-webhook-signature': Webhook.computeSignature(input.body, input.secret) }),
} satisfies Adapter
