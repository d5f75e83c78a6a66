import { Webhook } from 'standardwebhooks'
import { type Adapter, posted, type SignInput, seconds, throwsNot } from '../adapter.ts'

const signed = (webhook: Webhook, input: SignInput) =>
  posted(input, {
    'webhook-id': input.id,
    'webhook-timestamp': String(seconds(input.now)),
    'webhook-signature': webhook.sign(input.id, new Date(input.now), input.body),
  })

export default [
  {
    package: 'standardwebhooks',
    providers: ['standard-webhooks', 'openai', 'anthropic', 'replicate', 'liveblocks', 'gitlab-signing'],
    verify: ({ headers, body, secret, now }) =>
      throwsNot(now, () => new Webhook(secret).verify(body, headers, { jsonParse: false })),
    sign: async (input) => signed(new Webhook(input.secret), input),
  },
  {
    // Polar takes the text of the secret as the key.
    package: 'standardwebhooks',
    providers: ['polar'],
    verify: ({ headers, body, secret, now }) =>
      throwsNot(now, () =>
        new Webhook(secret, { format: 'raw' }).verify(body, headers, { jsonParse: false }),
      ),
    sign: async (input) => signed(new Webhook(input.secret, { format: 'raw' }), input),
  },
] satisfies Adapter[]
