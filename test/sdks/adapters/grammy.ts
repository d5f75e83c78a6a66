import { Bot, webhookCallback } from 'grammy'
import type { UserFromGetMe } from 'grammy/types'
import { type Adapter, saysYes } from '../adapter.ts'

// The bot knows who it is, so it asks nobody.
const botInfo = { id: 1, is_bot: true, first_name: 'Test', username: 'test_bot' } as UserFromGetMe

export default {
  package: 'grammy',
  providers: ['telegram'],
  verify: ({ method, url, headers, body, secret, now }) =>
    saysYes(now, async () => {
      const bot = new Bot('1:test', { botInfo })
      const answer = webhookCallback(bot, 'std/http', { secretToken: secret })
      return (await answer(new Request(url, { method, headers, body }))).status === 200
    }),
} satisfies Adapter
