import { Resend } from 'resend'
import { type Adapter, header, throwsNot } from '../adapter.ts'

const { webhooks } = new Resend('re_test')

export default {
  package: 'resend',
  providers: ['resend'],
  verify: (delivery) =>
    throwsNot(delivery.now, () =>
      webhooks.verify({
        payload: delivery.body,
        headers: {
          id: header(delivery, 'svix-id'),
          timestamp: header(delivery, 'svix-timestamp'),
          signature: header(delivery, 'svix-signature'),
        },
        webhookSecret: delivery.secret,
      }),
    ),
} satisfies Adapter
