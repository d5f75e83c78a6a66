import '@shopify/shopify-api/adapters/web-api'
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api'
import { type Adapter, saysYes } from '../adapter.ts'

const shopify = (apiSecretKey: string) =>
  shopifyApi({
    apiKey: 'key',
    apiSecretKey,
    apiVersion: Object.values(ApiVersion)[0] as ApiVersion,
    hostName: 'gateway.test',
    isEmbeddedApp: false,
    logger: { level: LogSeverity.Error },
  })

export default {
  package: '@shopify/shopify-api',
  providers: ['shopify'],
  verify: ({ method, url, headers, body, secret, now }) =>
    saysYes(now, async () => {
      const rawRequest = new Request(url, { method, headers, body })
      return (await shopify(secret).webhooks.validate({ rawBody: body, rawRequest })).valid
    }),
} satisfies Adapter
