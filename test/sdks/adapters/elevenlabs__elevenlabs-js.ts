import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js'
import { type Adapter, header, throwsNot } from '../adapter.ts'

const { webhooks } = new ElevenLabsClient({ apiKey: 'test' })

export default {
  package: '@elevenlabs/elevenlabs-js',
  providers: ['elevenlabs'],
  verify: (delivery) =>
    throwsNot(delivery.now, () =>
      webhooks.constructEvent(delivery.body, header(delivery, 'elevenlabs-signature'), delivery.secret),
    ),
} satisfies Adapter
