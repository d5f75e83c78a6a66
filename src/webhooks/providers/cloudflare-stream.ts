import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies Cloudflare Stream webhook deliveries (`Webhook-Signature`, HMAC-SHA256 over time and raw body, 300
 * s both ways; Cloudflare leaves the tolerance to the receiver). The body's `uid` names the video, which has
 * several deliveries: the replay key is the body's digest. Whether there are retries, and whether they are
 * signed anew, is not documented: where the record shows some refused as too old, `tolerance: '1 d'` takes them.
 * @example
 * import { cloudflareStream } from 'sallyport/webhooks'
 *
 * export const authenticate = cloudflareStream({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const cloudflareStream = provider({
  name: 'cloudflare-stream',
  secretForm: "the subscription's secret, as text",
  proof: signed({
    signature: { header: 'webhook-signature', form: 'sig1={hex}', list: ',' },
    time: { item: 'time=', toleranceSeconds: 300 },
    signs: '{time}.{body}',
  }),
  replay: 'body',
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Cloudflare Stream',
  source: 'cloudflare/cloudflare-docs stream/using-webhooks.mdx; redelivery not documented there',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  trap: 'the header has the name of Standard Webhooks’, and another form',
}
