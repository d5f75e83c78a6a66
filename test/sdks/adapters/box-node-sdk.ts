import { WebhooksManager } from 'box-node-sdk/managers/webhooks'
import { type Adapter, saysYes } from '../adapter.ts'

export default {
  package: 'box-node-sdk',
  providers: ['box'],
  verify: ({ headers, body, secret, alsoSecret, now }) =>
    saysYes(now, () =>
      WebhooksManager.validateMessage(body, headers, secret, alsoSecret ? { secondaryKey: alsoSecret } : {}),
    ),
} satisfies Adapter
