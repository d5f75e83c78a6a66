import { Webhooks } from '@octokit/webhooks'
import { type Adapter, header, posted, saysYes } from '../adapter.ts'

export default {
  package: '@octokit/webhooks',
  providers: ['github'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      new Webhooks({ secret: delivery.secret }).verify(
        delivery.body,
        header(delivery, 'x-hub-signature-256'),
      ),
    ),
  sign: async (input) =>
    posted(input, {
      'x-github-delivery': input.id,
      'x-github-event': input.event,
      'x-hub-signature-256': await new Webhooks({ secret: input.secret }).sign(input.body),
    }),
} satisfies Adapter
