import { WebhookHandler } from '@liveblocks/node'
import { type Adapter, throwsNot } from '../adapter.ts'

export default {
  package: '@liveblocks/node',
  providers: ['liveblocks'],
  verify: ({ headers, body, secret, now }) =>
    throwsNot(now, () => new WebhookHandler(secret).verifyRequest({ headers, rawBody: body })),
} satisfies Adapter
