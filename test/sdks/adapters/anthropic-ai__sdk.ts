import Anthropic from '@anthropic-ai/sdk'
import { type Adapter, throwsNot } from '../adapter.ts'

const { webhooks } = new Anthropic({ apiKey: 'sk-test' }).beta

export default {
  package: '@anthropic-ai/sdk',
  providers: ['anthropic'],
  verify: ({ headers, body, secret, now }) =>
    throwsNot(now, () => webhooks.unwrap(body, { headers, key: secret })),
} satisfies Adapter
