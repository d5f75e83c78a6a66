import type { Means } from '../../authenticator.ts'
import { allow, deny } from '../../contract.ts'
import { decodeBase64 } from '../../lib/base64.ts'
import { utf8 } from '../../lib/digest.ts'
import { within } from '../../lib/wait.ts'
import type { SecretName, VarName } from '../../names.ts'
import { ask } from '../ask.ts'
import { type Hash, pinnedCertificate, rsaByCertificate } from '../certificates.ts'
import { checkTime, parseTime, toleranceOf } from '../clock.ts'
import { type JsonObject, ownMember, readObject } from '../object.ts'
import { provider } from '../provider.ts'
import { FINAL_UNLESS_429_OR_5XX } from '../refusals.ts'
import type { Facts, Proof } from '../scheme.ts'

interface SnsOptions {
  /** The topics (ARN) that the route takes: any AWS account can have its own signed by the same keys. */
  topics: readonly [string, ...string[]]
  /**
   * The name of a var or secret with a certificate in PEM, taken in place of the one that a message names.
   * @default fetched from AWS
   */
  certificate?: SecretName | VarName
}

type Fields = Readonly<Record<string, string>>

const ARN = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\w-]{1,256}(?:\.fifo)?$/
/** A region, and no bucket by the name of sns: `sns.s3-us-west-2.amazonaws.com` would be anybody's. */
const HOST = /^sns\.[a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?$/
const CERTIFICATE_PATH = /^\/[\w.-]{1,128}\.pem$/
const ID = /^[\w-]{1,100}$/
const HASHES: ReadonlyMap<unknown, Hash> = new Map([
  ['1', 'SHA-1'],
  ['2', 'SHA-256'],
])
const CONFIRMATION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
/** What is signed, in order. */
const SIGNED: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['Notification', ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']],
  ['SubscriptionConfirmation', CONFIRMATION],
  ['UnsubscribeConfirmation', CONFIRMATION],
])
/** Headers that repeat what the body says, in which it is signed. */
const REPEATED = {
  'x-amz-sns-message-type': 'Type',
  'x-amz-sns-message-id': 'MessageId',
  'x-amz-sns-topic-arn': 'TopicArn',
}
const CONFIRM_MS = 5_000
const MAX_ANSWER_BYTES = 16_384
/** SNS gives up after an hour and signs once: ten minutes more than that. */
const TOLERANCE_SECONDS = 4200

const verifyRsa = /* @__PURE__ */ rsaByCertificate(['SHA-1', 'SHA-256'])

/** An https address at SNS itself. */
function amazonUrl(text: unknown): URL | undefined {
  const url = typeof text === 'string' && text.length <= 2048 ? URL.parse(text) : null
  const isAmazons =
    url?.protocol === 'https:' && url.port === '' && url.username === '' && url.password === ''
  return isAmazons && HOST.test(url.hostname) ? url : undefined
}

const refuse = (reason: string) => deny('signature_refused', reason)

/** The signed members. None but the message has a line break, so that there is one way to read what was signed. */
function fieldsOf(members: JsonObject): Fields | undefined {
  const fields: Record<string, string> = {}
  for (const name of SIGNED.get(members.Type) ?? ['']) {
    const value = ownMember(members, name)
    if (value === undefined && name === 'Subject') continue
    if (typeof value !== 'string' || (name !== 'Message' && value.includes('\n'))) return undefined
    fields[name] = value
  }
  return fields
}

/** Says yes to a subscription, in the background; false only where SNS has answered, and not with yes. */
async function confirm(url: string, { background, remainingMs }: Means): Promise<boolean> {
  const call = within(CONFIRM_MS, async (signal) => {
    const answer = await ask(url, { signal, headers: { 'user-agent': 'sallyport' } }, MAX_ANSWER_BYTES)
    return answer.ok
  })
  background(call)
  const waited = await within(remainingMs() * 0.75, () => call)
  return (
    waited.ended === 'late' ||
    (waited.ended === 'value' && waited.value.ended === 'value' && waited.value.value)
  )
}

/** SubscribeURL is signed; all the same it has to be the confirmation of this topic at SNS, and nothing else. */
function confirmationUrl({ SubscribeURL, TopicArn = '', Token = '' }: Fields): URL | undefined {
  const url = amazonUrl(SubscribeURL)
  const query = url && [...url.searchParams].map((pair) => pair.join('=')).sort()
  const wanted = ['Action=ConfirmSubscription', `Token=${Token}`, `TopicArn=${TopicArn}`]
  return url?.pathname === '/' && url.hash === '' && query?.join('&') === wanted.join('&') ? url : undefined
}

const proof = {
  kind: 'aws-sns',
  covers: 'part',
  tolerance: toleranceOf(TOLERANCE_SECONDS),
  keys: [],
  by: { time: { toleranceSeconds: TOLERANCE_SECONDS } },
  inspect({ headers }) {
    const missing = Object.keys(REPEATED).find((name) => !headers.has(name))
    return missing === undefined ? allow(undefined) : deny('signature_missing', `${missing} is missing`)
  },
  async verify(
    _,
    { body, client, headers, now, options, means, tolerance = toleranceOf(TOLERANCE_SECONDS) },
  ) {
    const members = readObject(body) ?? {}
    const fields = fieldsOf(members)
    if (!fields) return refuse('the body is not of its form')
    for (const [header, name] of Object.entries(REPEATED)) {
      const value = headers.get(header)
      if (value === undefined || value !== fields[name]) return refuse(`${header} is not what the body says`)
    }
    const { MessageId = '', TopicArn = '', Timestamp = '', Type } = fields
    if (!ID.test(MessageId)) return refuse('MessageId is not of its form')
    if (!options.topics.includes(TopicArn)) return refuse('the topic is not one of topics')
    const time = parseTime(Timestamp, 'iso')
    const timely =
      time === undefined ? refuse('Timestamp is not of its form') : checkTime(time, now, tolerance)
    if (!timely.ok) return timely
    const hash = HASHES.get(members.SignatureVersion)
    const { Signature } = members
    const signature =
      typeof Signature === 'string' && Signature.length <= 1024 ? decodeBase64(Signature) : undefined
    if (!hash || !signature) return refuse('the signature is not of its form')
    const url = amazonUrl(members.SigningCertURL)
    if (
      !url ||
      url.href !== members.SigningCertURL ||
      !CERTIFICATE_PATH.test(url.pathname) ||
      url.search !== ''
    ) {
      return refuse('SigningCertURL is not at SNS')
    }
    // Not signed, and followed by whoever wants to leave the topic.
    if (members.UnsubscribeURL !== undefined && !amazonUrl(members.UnsubscribeURL)) {
      return refuse('UnsubscribeURL is not at SNS')
    }
    const subscribe = Type === 'SubscriptionConfirmation' ? confirmationUrl(fields) : undefined
    if (Type === 'SubscriptionConfirmation' && !subscribe) return refuse('SubscribeURL is not of its form')
    const message = utf8(
      Object.entries(fields)
        .map(([name, value]) => `${name}\n${value}\n`)
        .join(''),
    )
    const place = { url: url.href, pinned: options.certificate }
    const verified = await verifyRsa(place, hash, signature, message, { means, client, now })
    if (!verified.ok) return verified
    if (subscribe && !(await confirm(subscribe.href, means))) {
      return deny('issuer_unavailable', 'the subscription was not confirmed', { retryAfterSeconds: 20 })
    }
    const { Token, SubscribeURL, ...signed } = fields
    return allow({ slot: 'current', message, id: MessageId, signed })
  },
} as const satisfies Proof<SnsOptions> & { by: object }

/**
 * Verifies Amazon SNS messages (RSA with SHA-1 or SHA-256 over the members of the body that AWS lists, by the certificate that
 * `SigningCertURL` names at SNS, 70 minutes back, since SNS tries for an hour and signs once, and 5 minutes ahead). The replay
 * key is the signed `MessageId`. `MessageAttributes` and `UnsubscribeURL` are not signed: what is stands in `principal.signed`.
 * Only messages of `topics` are taken. A subscription to one of them is confirmed here, once verified, and answered with 200;
 * the word that somebody has unsubscribed goes to the origin like any message. While a certificate that this isolate does not
 * know cannot be fetched, the answer is 503. Messages sent with raw delivery carry no signature and are refused. Set the
 * topic's `SignatureVersion` to 2: SHA-1 is broken for who may write both of two texts.
 * @example
 * import { awsSns } from 'sallyport/webhooks'
 *
 * export const authenticate = awsSns({
 *   topics: ['arn:aws:sns:us-east-1:123456789012:orders'],
 *   unsafeBodyIsNotSigned: true,
 * })
 */
export const awsSns = provider({
  name: 'aws-sns',
  proof,
  options: ['topics', 'certificate'],
  configure({ topics, certificate }: SnsOptions, fail) {
    if (!Array.isArray(topics) || topics.length === 0 || !topics.every((arn) => ARN.test(arn))) {
      fail(
        'topics',
        "is no list of ARNs; list the topics that the route takes: 'arn:aws:sns:us-east-1:123456789012:orders'",
      )
    }
    return { vars: pinnedCertificate(certificate, fail) }
  },
  hintHeader: 'x-amz-sns-message-id',
  handshake: ({ json }) => (json.Type === 'SubscriptionConfirmation' ? { status: 200 } : undefined),
  content: [
    { mediaType: 'text/plain', syntax: 'json' },
    { mediaType: 'application/json', syntax: 'json' },
  ],
  // Any other 4xx is final.
  refusalStatuses: FINAL_UNLESS_429_OR_5XX,
  timeoutSeconds: 15,
  redelivery: { automatic: true, horizonSeconds: 3600 },
})

export const facts: Facts = {
  title: 'Amazon SNS',
  source:
    'docs.aws.amazon.com, "Verifying the signatures of Amazon SNS messages" and "Amazon SNS message delivery retries"; sns-validator 0.3.5; timeout, that a retry is not signed anew, and that of 4xx only a 429 is tried again, from memory',
  checked: '2026-11',
  rotation: 'certificates by URL, fetched',
  signs:
    '`Message`, `MessageId`, `Subject`, `Timestamp`, `TopicArn`, `Type`; of confirmations also `SubscribeURL` and `Token`',
  signedId: 'MessageId',
  trap: 'any AWS account can send signed messages: list the topics; raw delivery is not signed; SignatureVersion 1 is SHA-1',
  unsigned: ['MessageAttributes', 'UnsubscribeURL', 'SigningCertURL', 'x-amz-sns-subscription-arn'],
}
