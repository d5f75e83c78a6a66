import Pusher from 'pusher'
import { type Adapter, saysYes } from '../adapter.ts'

export default {
  package: 'pusher',
  providers: ['pusher'],
  verify: ({ headers, body, secret, keyId = '', now }) =>
    saysYes(now, () =>
      new Pusher({ appId: '1', key: keyId, secret, cluster: 'mt1' })
        .webhook({ headers, rawBody: body })
        .isValid(),
    ),
} satisfies Adapter
