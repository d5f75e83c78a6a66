import { Webhook } from 'svix'
import { type Adapter, posted, seconds, throwsNot } from '../adapter.ts'

export default {
  package: 'svix',
  providers: ['svix', 'clerk', 'resend'],
  verify: ({ headers, body, secret, now }) => throwsNot(now, () => new Webhook(secret).verify(body, headers)),
  sign: async (input) =>
    posted(input, {
      'svix-id': input.id,
      'svix-timestamp': String(seconds(input.now)),
      'svix-signature': new Webhook(input.secret).sign(input.id, new Date(input.now), input.body),
    }),
} satisfies Adapter
