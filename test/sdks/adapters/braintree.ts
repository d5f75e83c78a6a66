import { BraintreeGateway, Environment } from 'braintree'
import { type Adapter, at, type Delivery, posted, throwsNot } from '../adapter.ts'

const gateway = (publicKey = '', privateKey = '') =>
  new BraintreeGateway({ environment: Environment.Sandbox, merchantId: 'merchant', publicKey, privateKey })

const field = ({ body }: Delivery, name: string) => new URLSearchParams(body).get(name) ?? ''

export default {
  package: 'braintree',
  providers: ['braintree'],
  verify: (delivery) =>
    throwsNot(delivery.now, () =>
      gateway(delivery.keyId, delivery.secret).webhookNotification.parse(
        field(delivery, 'bt_signature'),
        field(delivery, 'bt_payload'),
      ),
    ),
  // The SDK writes the event itself, of the kind `event` and the time of now: `body` is not used.
  sign: async (input) => {
    const { webhookTesting } = gateway(input.keyId, input.secret)
    const sample = await at(input.now, () => webhookTesting.sampleNotification(input.event, input.id))
    const { bt_payload, bt_signature } = sample
    const body = new URLSearchParams({ bt_payload, bt_signature }).toString()
    return posted({ ...input, body }, { 'content-type': 'application/x-www-form-urlencoded' })
  },
} satisfies Adapter
