import { verifyWebhook } from '@clerk/backend/webhooks'
import { type Adapter, throwsNot } from '../adapter.ts'

export default {
  package: '@clerk/backend',
  providers: ['clerk'],
  verify: ({ method, url, headers, body, secret, now }) =>
    throwsNot(now, () =>
      verifyWebhook(new Request(url, { method, headers, body }), { signingSecret: secret }),
    ),
} satisfies Adapter
