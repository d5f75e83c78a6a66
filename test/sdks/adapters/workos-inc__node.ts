import { WorkOS } from '@workos-inc/node'
import { type Adapter, header, posted, throwsNot } from '../adapter.ts'

const { webhooks } = new WorkOS('sk_test')

// The SDK takes the parsed body and signs its own JSON text of it, so only compact JSON passes.
export default {
  package: '@workos-inc/node',
  providers: ['workos'],
  verify: (delivery) =>
    throwsNot(delivery.now, () =>
      webhooks.verifyHeader({
        payload: JSON.parse(delivery.body),
        sigHeader: header(delivery, 'workos-signature'),
        secret: delivery.secret,
      }),
    ),
  sign: async (input) => {
    const v1 = await webhooks.computeSignature(input.now, JSON.parse(input.body), input.secret)
    return posted(input, { 'workos-signature': `t=${input.now}, v1=${v1}` })
  },
} satisfies Adapter
