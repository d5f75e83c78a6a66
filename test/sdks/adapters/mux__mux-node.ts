import Mux from '@mux/mux-node'
import { type Adapter, throwsNot } from '../adapter.ts'

const { webhooks } = new Mux({ tokenId: 'id', tokenSecret: 'secret' })

export default {
  package: '@mux/mux-node',
  providers: ['mux'],
  verify: ({ headers, body, secret, now }) =>
    throwsNot(now, () => webhooks.verifySignature(body, headers, secret)),
} satisfies Adapter
