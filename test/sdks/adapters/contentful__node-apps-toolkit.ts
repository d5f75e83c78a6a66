import { signRequest, verifyRequest } from '@contentful/node-apps-toolkit'
import { type Adapter, posted, saysYes } from '../adapter.ts'

const pathOf = (url: string) => url.slice(new URL(url).origin.length)

export default {
  package: '@contentful/node-apps-toolkit',
  providers: ['contentful'],
  verify: ({ url, headers, body, secret, now }) =>
    saysYes(now, () => verifyRequest(secret, { method: 'POST', path: pathOf(url), headers, body })),
  sign: async (input) =>
    posted(input, {
      ...signRequest(
        input.secret,
        { method: 'POST', path: pathOf(input.url), headers: {}, body: input.body },
        input.now,
      ),
    }),
} satisfies Adapter
