import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { token } from '../token.ts'

/**
 * Verifies the secret token of Telegram bots (`X-Telegram-Bot-Api-Secret-Token`, compared in constant time; nothing is signed):
 * the `secret_token` that was given to `setWebhook`. There is no replay key unless the route says `deduplicate: 'body'`: each
 * update has an `update_id` of its own, so two genuine ones are never equal. An answer of the origin may be a call of the Bot
 * API, as Telegram allows; a copy of an update that is done gets an empty one.
 * @example
 * import { telegram } from 'sallyport/webhooks'
 *
 * export const authenticate = telegram({ secret: 'STANDARD_WEBHOOK_SECRET', deduplicate: 'body' })
 */
export const telegram = provider({
  name: 'telegram',
  secretForm: 'the secret_token of setWebhook, 16 to 256 of A-Z, a-z, 0-9, _ and -',
  proof: token({
    in: 'header',
    name: 'x-telegram-bot-api-secret-token',
    form: /^[A-Za-z0-9_-]{16,256}$/,
  }),
  redelivery: { automatic: true, horizonSeconds: 86_400 },
})

export const facts: Facts = {
  title: 'Telegram',
  source:
    'core.telegram.org/bots/api, "setWebhook": retries for a reasonable number of attempts; that updates are kept for 24 hours from memory',
  checked: '2026-11',
  rotation: 'one token, changed by another setWebhook; the gateway holds two',
  trap: 'nothing is signed: the update is as good as the connection',
}
