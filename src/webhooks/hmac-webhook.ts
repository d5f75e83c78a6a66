import type { Content } from '../authenticator.ts'
import type { Acknowledgement } from '../contract.ts'
import type { Duration } from '../lib/duration.ts'
import { parseDuration } from '../lib/duration.ts'
import type { SecretName } from '../names.ts'
import { hmacSha1, hmacSha256 } from './algorithms.ts'
import { statedTolerance, type TimeUnit } from './clock.ts'
import type { SignatureForm } from './encoding.ts'
import type { WebhookAuthenticator } from './engine.ts'
import { checkHmacWebhook } from './hmac-options.ts'
import { base64, hex, type KeyForm, text } from './keys.ts'
import { provider } from './provider.ts'
import type { OptionFail, Redelivery, Scheme } from './scheme.ts'
import { type SignedBy, signed } from './signed.ts'

/** A scheme of a sender that is no entry here: a MAC over the body, in a header. */
export interface HmacWebhookOptions {
  /** Names the sender in records and in `sallyport-provider`: lower-case letters, digits and `-`. */
  name: string
  /** The secret's name; a second one for rotation is read from the same name with `_NEXT`. */
  secret: SecretName
  /** How the secret is written: its text is the key, or it is in base64 or hex. @default 'text' */
  key?: 'text' | 'base64' | 'hex'
  /** @default 'SHA-256' */
  hash?: 'SHA-256' | 'SHA-1'
  signature: {
    /** In lower case. */
    header: string
    /** How it is written, its place at the end: `sha256={hex}`, `{base64}`, `v1={base64url}`. */
    form: SignatureForm
    /** What separates several in one header. */
    list?: ' ' | ',' | ', ' | ';' | '&'
  }
  /** What is signed, in order: `{body}`, `{time}.{body}`, `{id}.{time}.{body}`, also `{method}` and `{url}`. */
  signs: string
  /** Where the signed time stands, and how old it may be. Needed for `{time}`. */
  time?: {
    header?: string
    /** Its start in the signature's list, such as `t=`. */
    item?: string
    /** @default 's' */
    unit?: TimeUnit
    /** Into the future the same, but never over 5 minutes; at most `'7 d'`. @default '5 m' */
    tolerance?: Duration
  }
  /** The header whose value is signed as `{id}`: visible ASCII without a dot. */
  idHeader?: string
  /** Where the body's JSON has the delivery's id: names with dots. */
  bodyId?: string
  /** The header that names the event without being signed; `events` are then the ones that the route takes. */
  topicHeader?: string
  events?: readonly [string, ...string[]]
  /** What the sender sends. @default JSON as `application/json` */
  content?: readonly Content[]
  /** What a copy of a delivery that is done gets. @default 200 without a body */
  acknowledgement?: Acknowledgement
  /** Status of a refused signature, from 400 to 499. @default 401 */
  refusalStatus?: number
  /** How long the sender waits for an answer: the default of `forward.timeout`. @default '10 s' */
  timeout?: Duration
  /** Whether a failed delivery comes again by itself, and for how many seconds: a copy is remembered as long. @default it does not */
  redelivery?: Redelivery
}

/** What `hmacWebhook` returns: the authenticator, and the scheme for signers. */
export type DescribedWebhook = WebhookAuthenticator & { readonly scheme: Scheme }

/**
 * Verifies deliveries of a sender that is no entry here, by a scheme that the route describes: HMAC over the body and what
 * stands before or behind it. The signature has to cover the whole body. The replay key is the signed id, else the digest of
 * what is signed. What it returns carries its scheme too, so that `sign` of `sallyport/testing` signs as the sender does.
 * Throws a TypeError when the module loads for a description that cannot hold.
 * @example
 * import { hmacWebhook } from 'sallyport/webhooks'
 *
 * export const authenticate = hmacWebhook({
 *   name: 'acme',
 *   secret: 'STANDARD_WEBHOOK_SECRET',
 *   signature: { header: 'x-acme-signature', form: 'v1={hex}', list: ',' },
 *   time: { item: 't=' },
 *   signs: '{time}.{body}',
 *   bodyId: 'event.id',
 * })
 */
export function hmacWebhook(options: HmacWebhookOptions): DescribedWebhook {
  const fail: OptionFail = (option, problem) => {
    throw new TypeError(
      `${typeof options?.name === 'string' ? options.name : 'hmacWebhook'}: ${option}: ${problem}`,
    )
  }
  checkHmacWebhook(options, fail)
  const { name, secret, signature, signs, time, idHeader, bodyId, topicHeader, events } = options
  const by: SignedBy = {
    keys: [keyOf(options)],
    signature,
    ...(time && {
      time: { ...time, toleranceSeconds: statedTolerance(time.tolerance ?? '5 m', 'time.tolerance', fail) },
    }),
    ...(idHeader !== undefined && { idHeader }),
    signs,
  }
  const { content, acknowledgement, refusalStatus, timeout, redelivery } = options
  const make = provider({
    name,
    secretForm: { text: 'the secret as text', base64: 'the secret in base64', hex: 'the secret in hex' }[
      options.key ?? 'text'
    ],
    proof: compiled(by, fail),
    ...(bodyId !== undefined && { bodyId }),
    ...(topicHeader !== undefined && { topicHeader }),
    ...(content && { content }),
    ...(acknowledgement && { acknowledgement }),
    ...(refusalStatus !== undefined && { refusalStatus }),
    ...(timeout !== undefined && { timeoutSeconds: (parseDuration(timeout) ?? 0) / 1000 }),
    redelivery: redelivery ?? { automatic: false, horizonSeconds: 0 },
  })
  const { scheme } = make
  const bind = make as (options: object) => WebhookAuthenticator
  return { ...bind({ secret, ...(topicHeader !== undefined && { events }) }), scheme }
}

/** A form that nothing can be read from stops the load with the route's own words. */
function compiled(by: SignedBy, fail: OptionFail) {
  try {
    return signed(by)
  } catch (error) {
    const [, option = 'signature', problem = 'is not valid'] =
      /^([\w.]+): (.*)$/.exec(String((error as Error).message)) ?? []
    return fail(option, problem)
  }
}

const keyOf = ({ key = 'text', hash = 'SHA-256' }: HmacWebhookOptions): KeyForm => ({
  algorithm: hash === 'SHA-1' ? hmacSha1 : hmacSha256,
  decode: { text, base64, hex }[key],
})
