import { allow, deny, secretOf } from '../../contract.ts'
import { decodeBase64 } from '../../lib/base64.ts'
import { crc32 } from '../../lib/crc32.ts'
import { utf8 } from '../../lib/digest.ts'
import type { SecretName, VarName } from '../../names.ts'
import { pinnedCertificate, rsaByCertificate } from '../certificates.ts'
import { checkTime, parseTime, toleranceOf } from '../clock.ts'
import { provider } from '../provider.ts'
import type { Facts, Proof } from '../scheme.ts'

interface PayPalOptions {
  /** The name of a var or secret with the webhook's id, which is signed and not sent. */
  webhookId: SecretName | VarName
  /** @default 'live' */
  environment?: 'live' | 'sandbox'
  /**
   * The name of a var or secret with a certificate in PEM, taken in place of the one that a delivery names.
   * @default fetched from PayPal
   */
  certificate?: SecretName | VarName
}

/** What the headers say. */
interface Transmission {
  id: string
  time: string
  url: URL
  signature: Uint8Array<ArrayBuffer>
}

const HOSTS: Readonly<Record<string, RegExp>> = {
  live: /^api(?:-m)?\.paypal\.com$/,
  sandbox: /^api(?:-m)?\.sandbox\.paypal\.com$/,
}
const CERTIFICATE_PATH = /^\/v1\/notifications\/certs\/CERT-[0-9A-Za-z-]{1,64}$/
const ID = /^[\w-]{1,64}$/
const MAX_CHARS = 1024
/** Retries go on for three days, and that each is signed anew is from memory: an hour more than that. */
const TOLERANCE_SECONDS = 73 * 3600

const verifyRsa = /* @__PURE__ */ rsaByCertificate(['SHA-256'])
/** A name of a var or secret, whatever a caller without types has given. */
const isName = (name: unknown) => typeof name === 'string' && name !== ''
const refuse = (reason: string) => deny('signature_refused', reason)

const proof = {
  kind: 'paypal',
  covers: 'part',
  tolerance: toleranceOf(TOLERANCE_SECONDS),
  keys: [],
  by: { time: { toleranceSeconds: TOLERANCE_SECONDS } },
  inspect({ headers, now }, tolerance = toleranceOf(TOLERANCE_SECONDS)) {
    const read = (name: string) => headers.get(`paypal-${name}`)
    const [id, time, sig] = [read('transmission-id'), read('transmission-time'), read('transmission-sig')]
    const [certUrl, algorithm] = [read('cert-url'), read('auth-algo')]
    if (
      id === undefined ||
      time === undefined ||
      sig === undefined ||
      certUrl === undefined ||
      algorithm === undefined
    ) {
      return deny('signature_missing', 'a paypal header is missing')
    }
    if (algorithm !== 'SHA256withRSA') return refuse('paypal-auth-algo is not SHA256withRSA')
    if (!ID.test(id)) return refuse('paypal-transmission-id is not of its form')
    const ms = parseTime(time, 'iso')
    const timely =
      ms === undefined ? refuse('paypal-transmission-time is not of its form') : checkTime(ms, now, tolerance)
    if (!timely.ok) return timely
    const signature = sig.length > MAX_CHARS ? undefined : decodeBase64(sig)
    if (!signature) return refuse('paypal-transmission-sig is not of its form')
    const url = certUrl.length > MAX_CHARS ? null : URL.parse(certUrl)
    // One spelling, so that nothing stands in the address that is not looked at.
    if (url === null || url.href !== certUrl || `https://${url.hostname}${url.pathname}` !== certUrl) {
      return refuse('paypal-cert-url is not of its form')
    }
    return allow({ id, time, url, signature } satisfies Transmission)
  },
  async verify(read, { body, client, now, options, means }) {
    const { id, time, url, signature } = read as Transmission
    const { webhookId, environment = 'live', certificate } = options
    if (!HOSTS[environment]?.test(url.hostname) || !CERTIFICATE_PATH.test(url.pathname)) {
      return refuse('paypal-cert-url is not at PayPal')
    }
    const webhook = secretOf(means.env, webhookId)
    if (webhook === undefined)
      return deny('not_configured', `${webhookId} is not set; it holds the webhook's id`)
    const message = utf8(`${id}|${time}|${webhook}|${crc32(body)}`)
    const verified = await verifyRsa({ url: url.href, pinned: certificate }, 'SHA-256', signature, message, {
      means,
      client,
      now,
    })
    if (!verified.ok) return verified
    return allow({ slot: 'current', message, id, signed: { transmissionId: id, transmissionTime: time } })
  },
} as const satisfies Proof<PayPalOptions> & { by: object }

/**
 * Verifies PayPal's webhooks (`PAYPAL-TRANSMISSION-SIG`, RSA with SHA-256 over transmission id, time, webhook id and the CRC-32
 * of the raw body, by the certificate that `PAYPAL-CERT-URL` names at PayPal; 73 h back for the retries of three days, 5 minutes
 * ahead). A CRC finds slips and no tampering: who holds one signed delivery can write another body with the same CRC, so that
 * the body is worth no more than TLS; ask PayPal's API before money moves. The replay key is the transmission id, which is
 * signed: such a copy is no new delivery. While a certificate that this isolate does not know cannot be fetched, the answer is 503.
 * @example
 * import { paypal } from 'sallyport/webhooks'
 *
 * export const authenticate = paypal({ webhookId: 'STANDARD_WEBHOOK_SECRET', unsafeBodyIsNotSigned: true })
 */
export const paypal = provider({
  name: 'paypal',
  proof,
  options: ['webhookId', 'environment', 'certificate'],
  configure({ webhookId, environment, certificate }: PayPalOptions, fail) {
    if (!isName(webhookId)) {
      fail('webhookId', "is missing; name the var or secret that holds the webhook's id")
    }
    if (environment !== undefined && !Object.hasOwn(HOSTS, environment)) {
      fail('environment', "is not known; use 'live' or 'sandbox'")
    }
    return { vars: [{ name: webhookId }, ...pinnedCertificate(certificate, fail)] }
  },
  hintHeader: 'paypal-transmission-id',
  redelivery: { automatic: true, horizonSeconds: 3 * 86_400 },
})

export const facts: Facts = {
  title: 'PayPal',
  source:
    'developer.paypal.com, "Verify webhook signature" and "Notification messages"; what is signed, and that each retry is a new transmission, from memory',
  checked: '2026-11',
  rotation: 'certificates by URL, fetched',
  signs: 'transmission id, time, webhook id, and of the body no more than its CRC-32',
  signedId: 'paypal-transmission-id',
  trap: 'the body is covered by a CRC-32 alone, which anybody can match with another body',
  unsigned: ['paypal-cert-url', 'body'],
}
