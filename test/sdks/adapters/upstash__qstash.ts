import { Receiver } from '@upstash/qstash'
import { type Adapter, header, saysYes } from '../adapter.ts'

export default {
  package: '@upstash/qstash',
  providers: ['qstash'],
  verify: (delivery) =>
    saysYes(delivery.now, () =>
      new Receiver({
        currentSigningKey: delivery.secret,
        nextSigningKey: delivery.alsoSecret ?? delivery.secret,
      }).verify({
        signature: header(delivery, 'upstash-signature'),
        body: delivery.body,
        url: delivery.url,
      }),
    ),
} satisfies Adapter
