import { Signature } from '@hubspot/api-client'
import { type Adapter, header, posted, saysYes } from '../adapter.ts'

/** The SDK takes the URL of v3 with these escapes decoded, and leaves that to its caller. */
const ESCAPES = /%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi
const decoded = (url: string) => url.replace(ESCAPES, decodeURIComponent)

const older = (version: 'v1' | 'v2') =>
  ({
    package: '@hubspot/api-client',
    providers: [`hubspot-${version}`],
    verify: (delivery) =>
      saysYes(
        delivery.now,
        () =>
          header(delivery, 'x-hubspot-signature-version') === version &&
          Signature.isValid({
            clientSecret: delivery.secret,
            method: delivery.method,
            requestBody: delivery.body,
            signature: header(delivery, 'x-hubspot-signature'),
            signatureVersion: version,
            url: delivery.url,
          }),
      ),
    sign: async (input) =>
      posted(input, {
        'x-hubspot-signature': Signature.getSignature('POST', version, {
          clientSecret: input.secret,
          requestBody: input.body,
          signature: '',
          url: input.url,
        }),
        'x-hubspot-signature-version': version,
      }),
  }) satisfies Adapter

export default [
  older('v1'),
  older('v2'),
  {
    package: '@hubspot/api-client',
    providers: ['hubspot-v3'],
    verify: (delivery) =>
      saysYes(delivery.now, () =>
        Signature.isValid({
          clientSecret: delivery.secret,
          method: delivery.method,
          requestBody: delivery.body,
          signature: header(delivery, 'x-hubspot-signature-v3'),
          signatureVersion: 'v3',
          timestamp: Number(header(delivery, 'x-hubspot-request-timestamp')),
          url: decoded(delivery.url),
        }),
      ),
    sign: async (input) =>
      posted(input, {
        'x-hubspot-request-timestamp': String(input.now),
        'x-hubspot-signature-v3': Signature.getSignature('POST', 'v3', {
          clientSecret: input.secret,
          requestBody: input.body,
          signature: '',
          timestamp: input.now,
          url: decoded(input.url),
        }),
      }),
  },
] satisfies Adapter[]
