import type { Content } from '../authenticator.ts'
import type { Acknowledgement } from '../contract.ts'
import type { Duration } from '../lib/duration.ts'
import { parseDuration } from '../lib/duration.ts'
import type { SecretName } from '../names.ts'
import { isObject, knownOnly, missingOr, oneOf, shown } from '../options.ts'
import { hmacSha1, hmacSha256 } from './algorithms.ts'
import type { TimeUnit } from './clock.ts'
import type { SignatureForm } from './encoding.ts'
import type { WebhookAuthenticator } from './engine.ts'
import { base64, hex, type KeyForm, text } from './keys.ts'
import { provider } from './provider.ts'
import type { OptionFail, Redelivery } from './scheme.ts'
import { type SignedBy, signed } from './signed.ts'
import { placesOf } from './template.ts'

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

const NAMES = [
  'name',
  'secret',
  'key',
  'hash',
  'signature',
  'signs',
  'time',
  'idHeader',
  'bodyId',
  'topicHeader',
  'events',
  'content',
  'acknowledgement',
  'refusalStatus',
  'timeout',
  'redelivery',
]
const SIGNATURE = ['header', 'form', 'list']
const TIME = ['header', 'item', 'unit', 'tolerance']
const HEADER = /^[a-z0-9-]{1,64}$/
const MAX_TOLERANCE_MS = 7 * 86_400_000
/** As long as shared state remembers anything. */
const MAX_HORIZON_SECONDS = 400 * 86_400
/**
 * Where one text could be read in two ways: an id has no dot and no space, a method and a URL have no space, a body has
 * anything. What stands behind each has to be none of its characters, and what stands behind the body has to end it.
 */
const CAN_BE_CUT =
  /\{id\}(?![.\s]|$)|\{(?:method|url)\}(?!\s|$)|\{body\}(?:.*[^.\s])?\{id\}|\{body\}(?:.*\S)?\{(?:method|url)\}/s

/**
 * Verifies deliveries of a sender that is no entry here, by a scheme that the route describes: HMAC over the body and what
 * stands before or behind it. The signature has to cover the whole body. The replay key is the signed id, else the digest of what is
 * signed. Throws a TypeError when the module loads for a description that cannot hold.
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
export function hmacWebhook(options: HmacWebhookOptions): WebhookAuthenticator {
  const fail: OptionFail = (option, problem) => {
    throw new TypeError(
      `${typeof options?.name === 'string' ? options.name : 'hmacWebhook'}: ${option}: ${problem}`,
    )
  }
  check(options, fail)
  const { name, secret, signature, signs, time, idHeader, bodyId, topicHeader, events } = options
  const by: SignedBy = {
    keys: [keyOf(options)],
    signature,
    ...(time && { time: { ...time, toleranceSeconds: toleranceOf(time.tolerance, fail) } }),
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
  }) as (options: object) => WebhookAuthenticator
  return make({ secret, ...(topicHeader !== undefined && { events }) })
}

function check(options: HmacWebhookOptions, fail: OptionFail): void {
  if (!isObject(options)) fail('options', 'are missing')
  knownOnly(options, NAMES, '', fail)
  const { name, signature, signs, time, idHeader, topicHeader, events, refusalStatus, timeout } = options
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    fail('name', `${missingOr(name)}; use lower-case letters, digits and '-'`)
  }
  oneOf(options.key, ['text', 'base64', 'hex'], 'key', fail)
  oneOf(options.hash, ['SHA-256', 'SHA-1'], 'hash', fail)
  if (!isObject(signature))
    fail('signature', "is missing; say where it stands: { header: 'x-signature', form: '{hex}' }")
  knownOnly(signature, SIGNATURE, 'signature.', fail)
  oneOf(signature.list, [' ', ',', ', ', ';', '&'], 'signature.list', fail)
  if (time !== undefined) knownOnly(time, TIME, 'time.', fail)
  oneOf(time?.unit, ['s', 'ms', 'iso'], 'time.unit', fail)
  const headers = { 'signature.header': signature.header, 'time.header': time?.header, idHeader, topicHeader }
  for (const [option, header] of Object.entries(headers)) {
    if (header === undefined && option !== 'signature.header') continue
    if (typeof header !== 'string' || !HEADER.test(header)) {
      fail(option, `${missingOr(header)}; use a header name in lower case`)
    }
  }
  checkSigns(signs, options, fail)
  if (events !== undefined && topicHeader === undefined) fail('events', 'says nothing without topicHeader')
  if (refusalStatus !== undefined && !(refusalStatus >= 400 && refusalStatus <= 499)) {
    fail('refusalStatus', `is ${shown(refusalStatus)}; use 400 to 499`)
  }
  if (timeout !== undefined && parseDuration(timeout) === undefined)
    fail('timeout', "is not a duration, such as '10 s'")
  checkAnswers(options, fail)
}

function checkAnswers({ bodyId, acknowledgement, redelivery }: HmacWebhookOptions, fail: OptionFail): void {
  if (bodyId !== undefined && (typeof bodyId !== 'string' || bodyId === '')) {
    fail('bodyId', `is ${shown(bodyId)}; write names with dots, such as 'event.id'`)
  }
  const status = acknowledgement?.status ?? 200
  if (acknowledgement !== undefined && !(Number.isInteger(status) && status >= 200 && status <= 299)) {
    fail('acknowledgement.status', `is ${shown(acknowledgement.status)}; use 200 to 299`)
  }
  const horizon = redelivery?.horizonSeconds
  if (redelivery === undefined) return
  if (typeof horizon !== 'number' || !(horizon >= 0 && horizon <= MAX_HORIZON_SECONDS)) {
    fail('redelivery.horizonSeconds', `${missingOr(horizon)}; use 0 to ${MAX_HORIZON_SECONDS}`)
  }
  if (typeof redelivery.automatic !== 'boolean') fail('redelivery.automatic', 'is missing; say true or false')
}

/** What is signed has to be one text alone for each request, and the whole body has to be in it. */
function checkSigns(
  signs: unknown,
  { time, idHeader, signature }: HmacWebhookOptions,
  fail: OptionFail,
): void {
  if (typeof signs !== 'string')
    fail('signs', `${missingOr(signs)}; write what is signed, such as '{time}.{body}'`)
  let places: string[] = []
  try {
    places = placesOf(signs)
  } catch (error) {
    fail('signs', error instanceof Error ? error.message.replace('signs: ', '') : 'is not valid')
  }
  const count = (place: string) => places.filter((one) => one === place).length
  if (count('body') !== 1) fail('signs', 'does not hold {body} once; what is not signed could be anybody’s')
  if (places.length !== new Set(places).size) fail('signs', 'holds a place twice')
  if (CAN_BE_CUT.test(signs)) {
    fail(
      'signs',
      'could be cut in two ways: put {id} before a dot, {method} and {url} before a space or line break',
    )
  }
  if ((count('time') === 1) !== (time !== undefined)) fail('time', 'and {time} in signs belong together')
  if (time && (time.header === undefined) === (time.item === undefined))
    fail('time', 'needs one of header and item')
  if (time?.item !== undefined && signature.list === undefined) fail('time.item', 'needs signature.list')
  if ((count('id') === 1) !== (idHeader !== undefined)) fail('idHeader', 'and {id} in signs belong together')
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

function toleranceOf(tolerance: Duration | undefined, fail: OptionFail): number {
  const ms = parseDuration(tolerance ?? '5 m')
  if (ms !== undefined && ms >= 1000 && ms <= MAX_TOLERANCE_MS) return ms / 1000
  return fail('time.tolerance', "is not a duration between '1 s' and '7 d'")
}
