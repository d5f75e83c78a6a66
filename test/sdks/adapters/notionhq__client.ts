import { signWebhookPayload, verifyWebhookSignature } from '@notionhq/client'
import { type Adapter, header, posted, saysYes } from '../adapter.ts'

export default {
  package: '@notionhq/client',
  providers: ['notion'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      verifyWebhookSignature({
        body: delivery.body,
        signature: header(delivery, 'x-notion-signature'),
        verificationToken: delivery.secret,
      }),
    ),
  sign: async (input) =>
    posted(input, {
      'x-notion-signature': await signWebhookPayload({ body: input.body, verificationToken: input.secret }),
    }),
} satisfies Adapter
