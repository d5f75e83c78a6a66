import { sign, verify } from '@octokit/webhooks-methods'
import { type Adapter, header, posted, saysYes } from '../adapter.ts'

export default {
  package: '@octokit/webhooks-methods',
  providers: ['github'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      verify(delivery.secret, delivery.body, header(delivery, 'x-hub-signature-256')),
    ),
  sign: async (input) =>
    posted(input, {
      'x-github-delivery': input.id,
      'x-github-event': input.event,
      'x-hub-signature-256': await sign(input.secret, input.body),
    }),
} satisfies Adapter
