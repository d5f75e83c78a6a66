import { verifyKey } from 'discord-interactions'
import { type Adapter, header, saysYes } from '../adapter.ts'

export default {
  package: 'discord-interactions',
  providers: ['discord'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      verifyKey(
        delivery.body,
        header(delivery, 'x-signature-ed25519'),
        header(delivery, 'x-signature-timestamp'),
        delivery.secret,
      ),
    ),
} satisfies Adapter
