import { encodeSignatureHeader, isValidSignature } from '@sanity/webhook'
import { type Adapter, header, posted, saysYes } from '../adapter.ts'

export default {
  package: '@sanity/webhook',
  providers: ['sanity'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      isValidSignature(delivery.body, header(delivery, 'sanity-webhook-signature'), delivery.secret),
    ),
  sign: async (input) =>
    posted(input, {
      'idempotency-key': input.id,
      'sanity-webhook-signature': await encodeSignatureHeader(input.body, input.now, input.secret),
    }),
} satisfies Adapter
