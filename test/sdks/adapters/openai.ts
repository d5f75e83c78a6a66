import OpenAI from 'openai'
import { type Adapter, throwsNot } from '../adapter.ts'

const { webhooks } = new OpenAI({ apiKey: 'sk-test' })

export default {
  package: 'openai',
  providers: ['openai'],
  verify: ({ headers, body, secret, now }) =>
    throwsNot(now, () => webhooks.verifySignature(body, headers, secret)),
} satisfies Adapter
