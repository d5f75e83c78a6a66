// The file alone: the whole package wants a peer that no test needs.
import { verifySlackRequest } from '@slack/bolt/dist/receivers/verify-request.js'
import { type Adapter, header, throwsNot } from '../adapter.ts'

export default {
  package: '@slack/bolt',
  providers: ['slack'],
  verify: (delivery) =>
    throwsNot(delivery.now, () =>
      verifySlackRequest({
        signingSecret: delivery.secret,
        body: delivery.body,
        headers: {
          'x-slack-signature': header(delivery, 'x-slack-signature'),
          'x-slack-request-timestamp': Number(header(delivery, 'x-slack-request-timestamp')),
        },
        nowMilliseconds: delivery.now,
      }),
    ),
} satisfies Adapter
