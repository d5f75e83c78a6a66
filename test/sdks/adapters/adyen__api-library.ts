import { hmacValidator } from '@adyen/api-library'
import { type Adapter, header, posted, saysYes } from '../adapter.ts'

const kit = new hmacValidator()

type Item = Parameters<typeof kit.validateHMAC>[0]
interface Payments {
  notificationItems: { NotificationRequestItem: Item }[]
}

export default [
  {
    package: '@adyen/api-library',
    providers: ['adyen-payments'],
    verify: ({ body, secret, now }) =>
      saysYes(now, () => {
        const { notificationItems } = JSON.parse(body) as Payments
        const verified = (item: (typeof notificationItems)[number]) =>
          kit.validateHMAC(item.NotificationRequestItem, secret)
        return notificationItems.length > 0 && notificationItems.every(verified)
      }),
    sign: async (input) => {
      const payments = JSON.parse(input.body) as Payments
      for (const { NotificationRequestItem: item } of payments.notificationItems) {
        const hmacSignature = kit.calculateHmac(item, input.secret)
        item.additionalData = { ...item.additionalData, hmacSignature }
      }
      return posted({ ...input, body: JSON.stringify(payments) }, {})
    },
  },
  {
    package: '@adyen/api-library',
    providers: ['adyen-platform'],
    verify: (delivery) =>
      saysYes(delivery.now, () =>
        kit.validateHMACSignature(delivery.secret, header(delivery, 'hmacsignature'), delivery.body),
      ),
    sign: async (input) =>
      posted(input, {
        hmacsignature: kit.calculateHmac(input.body, input.secret),
        protocol: 'HmacSHA256',
      }),
  },
] satisfies Adapter[]
