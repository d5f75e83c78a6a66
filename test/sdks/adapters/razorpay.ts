import Razorpay from 'razorpay'
import { type Adapter, header, saysYes } from '../adapter.ts'

export default {
  package: 'razorpay',
  providers: ['razorpay'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      Razorpay.validateWebhookSignature(
        delivery.body,
        header(delivery, 'x-razorpay-signature'),
        delivery.secret,
      ),
    ),
} satisfies Adapter
