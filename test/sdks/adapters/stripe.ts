import Stripe from 'stripe'
import { type Adapter, header, posted, seconds, throwsNot } from '../adapter.ts'

const { webhooks } = new Stripe('sk_test_1')

export default {
  package: 'stripe',
  providers: ['stripe'],
  verify: (delivery) =>
    throwsNot(delivery.now, () =>
      webhooks.constructEvent(delivery.body, header(delivery, 'stripe-signature'), delivery.secret),
    ),
  sign: async (input) =>
    posted(input, {
      'stripe-signature': webhooks.generateTestHeaderString({
        payload: input.body,
        secret: input.secret,
        timestamp: seconds(input.now),
      }),
    }),
} satisfies Adapter
