import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

/**
 * Verifies DocuSign Connect messages (`X-DocuSign-Signature-1` to `-8`, base64 HMAC-SHA256 over the raw body;
 * no time is signed). DocuSign sends one header for each active key, and one that matches is enough; the key
 * is used as text. DocuSign sends no id, and `envelopeId` names the envelope: the replay key is the body's
 * digest, in which each retry has its own `retryCount`. A copy is accepted again after `replay.ttl` (30
 * days). Connect has to send JSON: XML is refused. Switch "Require Acknowledgement" on: without it any answer counts
 * as delivered, and nothing that was refused or failed comes again.
 * @example
 * import { docusign } from 'sallyport/webhooks'
 *
 * export const authenticate = docusign({ secret: 'STANDARD_WEBHOOK_SECRET' })
 */
export const docusign = provider({
  name: 'docusign',
  secretForm: 'a Connect HMAC key, as text',
  proof: signed({
    signature: {
      header: [
        'x-docusign-signature-1',
        'x-docusign-signature-2',
        'x-docusign-signature-3',
        'x-docusign-signature-4',
        'x-docusign-signature-5',
        'x-docusign-signature-6',
        'x-docusign-signature-7',
        'x-docusign-signature-8',
      ],
      form: '{base64}',
    },
    signs: '{body}',
  }),
  // With growing pauses, by third parties; only where an answer has to be a success to count.
  redelivery: { automatic: true, horizonSeconds: 7 * 86_400 },
})

export const facts: Facts = {
  title: 'DocuSign Connect',
  source:
    'docusign.com/blog on manual HMAC authentication; a third party’s quotation of the documentation; docusign_esign, requires_acknowledgement; 7 days of retries (iambaton.com) and the end after 14 (nettalkcentral.com) by third parties; timeout not documented in what was seen',
  checked: '2026-11',
  rotation: 'one header per active key; of up to 100 keys, from memory, the first eight are read',
  disablesAfter: '14 days of failures',
  trap: 'the key’s number is part of the header’s name; a retry is a new body, and so a new delivery; while “Require Acknowledgement” is off any answer counts as delivered, a refusal too',
  unsigned: ['x-authorization-digest'],
}
