import { encodeBase64 } from '../lib/base64.ts'
import { crc32 } from '../lib/crc32.ts'
import { utf8 } from '../lib/digest.ts'
import type { SignedDelivery } from './delivery.ts'
import { importPrivate } from './make-signature.ts'
import type { Draft } from './sign.ts'
import { writtenTime } from './sign-headers.ts'

// The signers of those who sign with the key of a certificate; tests and playgrounds pin its certificate at the gateway.

const SNS_CERTIFICATE =
  'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem'
const PAYPAL_CERTIFICATE = 'https://api.paypal.com/v1/notifications/certs/CERT-00000000-00000000-00000000'

async function rsaBase64(draft: Draft, message: string, hash: 'SHA-1' | 'SHA-256'): Promise<string> {
  const key = await importPrivate(draft.privateKey, { name: 'RSASSA-PKCS1-v1_5', hash })
  return encodeBase64(new Uint8Array(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, utf8(message))))
}

/**
 * Signs an SNS message: the body is its JSON, in which the time, the signature and, where they are missing, the id, the
 * version and the certificate's address are set; the headers repeat it.
 */
export async function signSns(_: unknown, draft: Draft): Promise<SignedDelivery> {
  const message: Record<string, string> = {
    MessageId: draft.id,
    SignatureVersion: '2',
    SigningCertURL: SNS_CERTIFICATE,
    ...(JSON.parse(draft.body) as Record<string, string>),
    Timestamp: writtenTime(draft.now, 'iso'),
  }
  const names =
    message.Type === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
  const text = names
    .filter((name) => message[name] !== undefined)
    .map((name) => `${name}\n${message[name]}\n`)
    .join('')
  message.Signature = await rsaBase64(draft, text, message.SignatureVersion === '1' ? 'SHA-1' : 'SHA-256')
  const headers = {
    ...draft.headers,
    'x-amz-sns-message-type': message.Type ?? '',
    'x-amz-sns-message-id': message.MessageId ?? '',
    'x-amz-sns-topic-arn': message.TopicArn ?? '',
  }
  return { method: draft.method, url: draft.url, headers, body: JSON.stringify(message) }
}

/** Signs as PayPal does; the secret is the webhook's id. */
export async function signPayPal(_: unknown, draft: Draft): Promise<SignedDelivery> {
  const { id, now, body, method, url } = draft
  const [webhookId] = draft.secrets
  if (webhookId === undefined) throw new TypeError("sign: secret: is missing; it is the webhook's id")
  const time = writtenTime(now, 'iso')
  const message = `${id}|${time}|${webhookId}|${crc32(utf8(body))}`
  const headers = {
    'paypal-cert-url': PAYPAL_CERTIFICATE,
    ...draft.headers,
    'paypal-transmission-id': id,
    'paypal-transmission-time': time,
    'paypal-transmission-sig': await rsaBase64(draft, message, 'SHA-256'),
    'paypal-auth-algo': 'SHA256withRSA',
  }
  return { method, url, headers, body }
}
