import * as webhooks from 'gocardless-nodejs/webhooks'
import { type Adapter, header, throwsNot } from '../adapter.ts'

export default {
  package: 'gocardless-nodejs',
  providers: ['gocardless'],
  verify: (delivery) =>
    throwsNot(delivery.now, () =>
      webhooks.verifySignature(delivery.body, delivery.secret, header(delivery, 'webhook-signature')),
    ),
} satisfies Adapter
