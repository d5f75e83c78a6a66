import { EventWebhook } from '@sendgrid/eventwebhook'
import { type Adapter, header, saysYes } from '../adapter.ts'

const kit = new EventWebhook()

export default {
  package: '@sendgrid/eventwebhook',
  providers: ['sendgrid'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      kit.verifySignature(
        kit.convertPublicKeyToECDSA(delivery.secret),
        delivery.body,
        header(delivery, 'x-twilio-email-event-webhook-signature'),
        header(delivery, 'x-twilio-email-event-webhook-timestamp'),
      ),
    ),
} satisfies Adapter
