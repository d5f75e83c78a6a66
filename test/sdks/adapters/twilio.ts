import { parse } from 'node:querystring'
import twilio from 'twilio'
import { type Adapter, header, posted, saysYes } from '../adapter.ts'

// Twilio puts the digest of a JSON body into the URL, and signs the parameters of a form.
const hasDigest = (url: string) => new URL(url).searchParams.has('bodySHA256')

export default {
  package: 'twilio',
  providers: ['twilio'],
  verify: (delivery) =>
    saysYes(delivery.now, () => {
      const { secret, url, body } = delivery
      const signature = header(delivery, 'x-twilio-signature')
      return hasDigest(url)
        ? twilio.validateRequestWithBody(secret, signature, url, body)
        : twilio.validateRequest(secret, signature, url, parse(body))
    }),
  sign: async (input) => {
    const form = !hasDigest(input.url)
    const params = form ? parse(input.body) : {}
    return posted(input, {
      'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
      'i-twilio-idempotency-token': input.id,
      'x-twilio-signature': twilio.getExpectedTwilioSignature(input.secret, input.url, params),
    })
  },
} satisfies Adapter
