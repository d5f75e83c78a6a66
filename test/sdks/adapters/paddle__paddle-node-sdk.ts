import { Paddle } from '@paddle/paddle-node-sdk'
import { type Adapter, header, saysYes } from '../adapter.ts'

const { webhooks } = new Paddle('pdl_sdbx_apikey_test')

export default {
  package: '@paddle/paddle-node-sdk',
  providers: ['paddle'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      webhooks.isSignatureValid(delivery.body, delivery.secret, header(delivery, 'paddle-signature')),
    ),
} satisfies Adapter
