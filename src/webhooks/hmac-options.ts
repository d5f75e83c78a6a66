import { durationOf, isObject, knownOnly, missingOr, oneOf, shown } from '../options.ts'
import type { HmacWebhookOptions } from './hmac-webhook.ts'
import type { OptionFail } from './scheme.ts'
import { placesOf } from './template.ts'

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
const CONTENT = ['mediaType', 'syntax']
const ACKNOWLEDGEMENT = ['status', 'contentType', 'body', 'headers']
const REDELIVERY = ['automatic', 'horizonSeconds']
const HEADER = /^[a-z0-9-]{1,64}$/
const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/
/** Visible ASCII, with spaces inside (RFC 9110 section 5.5). */
const FIELD_VALUE = /^[!-~](?:[ -~]*[!-~])?$/
/** As long as shared state remembers anything. */
const MAX_HORIZON_SECONDS = 400 * 86_400
/**
 * Where one text could be read in two ways: an id has no dot and no space, a method and a URL have no space, a body has
 * anything. What stands behind each has to be none of its characters, and what stands behind the body has to end it.
 */
const CAN_BE_CUT =
  /\{id\}(?![.\s]|$)|\{(?:method|url)\}(?!\s|$)|\{body\}(?:.*[^.\s])?\{id\}|\{body\}(?:.*\S)?\{(?:method|url)\}/s

/** Refuses a description that cannot hold, when the module loads. */
export function checkHmacWebhook(options: HmacWebhookOptions, fail: OptionFail): void {
  if (!isObject(options)) fail('options', 'are missing')
  knownOnly(options, NAMES, '', fail)
  const { name, signature, signs, time, idHeader, topicHeader, events, refusalStatus, timeout } = options
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    fail('name', `${missingOr(name)}; use lower-case letters, digits and '-'`)
  }
  oneOf(options.key, ['text', 'base64', 'hex'], 'key', fail)
  oneOf(options.hash, ['SHA-256', 'SHA-1'], 'hash', fail)
  if (!isObject(signature)) {
    fail(
      'signature',
      `${missingOr(signature)}; say where it stands: { header: 'x-signature', form: '{hex}' }`,
    )
  }
  knownOnly(signature, SIGNATURE, 'signature.', fail)
  if (typeof signature.form !== 'string')
    fail('signature.form', `${missingOr(signature.form)}; write its place, such as 'sha256={hex}'`)
  oneOf(signature.list, [' ', ',', ', ', ';', '&'], 'signature.list', fail)
  checkTime(time, fail)
  const headers = { 'signature.header': signature.header, 'time.header': time?.header, idHeader, topicHeader }
  for (const [option, header] of Object.entries(headers)) {
    if (header === undefined && option !== 'signature.header') continue
    if (typeof header !== 'string' || !HEADER.test(header)) {
      fail(option, `${missingOr(header)}; use a header name in lower case`)
    }
  }
  checkSigns(signs, options, fail)
  if (events !== undefined && topicHeader === undefined) fail('events', 'says nothing without topicHeader')
  if (refusalStatus !== undefined && !isWhole(refusalStatus, 400, 499)) {
    fail('refusalStatus', `is ${shown(refusalStatus)}; use a whole number from 400 to 499`)
  }
  if (timeout !== undefined) durationOf(timeout, 'timeout', fail)
  checkContent(options.content, fail)
  checkAnswers(options, fail)
}

const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most

function checkTime(time: unknown, fail: OptionFail): void {
  if (time === undefined) return
  if (!isObject(time)) fail('time', `is ${shown(time)}; say where it stands: { header: 'x-timestamp' }`)
  knownOnly(time, TIME, 'time.', fail)
  const { item, unit } = time as { item?: unknown; unit?: unknown }
  if (item !== undefined && (typeof item !== 'string' || item === ''))
    fail('time.item', `is ${shown(item)}; write its start in the list, such as 't='`)
  oneOf(unit, ['s', 'ms', 'iso'], 'time.unit', fail)
}

function checkContent(content: unknown, fail: OptionFail): void {
  if (content === undefined) return
  const example = "[{ mediaType: 'application/json', syntax: 'json' }]"
  if (!Array.isArray(content) || content.length === 0)
    fail(
      'content',
      `${Array.isArray(content) ? 'is an empty list' : `is ${shown(content)}`}; write ${example}`,
    )
  for (const [at, one] of [...(content as unknown[])].entries()) {
    if (!isObject(one)) fail(`content[${at}]`, `is ${shown(one)}; write ${example}`)
    knownOnly(one, CONTENT, `content[${at}].`, fail)
    const { mediaType, syntax } = one as { mediaType?: unknown; syntax?: unknown }
    if (typeof mediaType !== 'string' || !MEDIA_TYPE.test(mediaType)) {
      fail(`content[${at}].mediaType`, `${missingOr(mediaType)}; use lower case, without parameters`)
    }
    if (syntax === undefined) fail(`content[${at}].syntax`, 'is missing; use one of json, form')
    oneOf(syntax, ['json', 'form'], `content[${at}].syntax`, fail)
  }
}

function checkAnswers({ bodyId, acknowledgement, redelivery }: HmacWebhookOptions, fail: OptionFail): void {
  if (bodyId !== undefined && (typeof bodyId !== 'string' || bodyId === '')) {
    fail('bodyId', `is ${shown(bodyId)}; write names with dots, such as 'event.id'`)
  }
  checkAcknowledgement(acknowledgement, fail)
  if (redelivery === undefined) return
  if (!isObject(redelivery))
    fail('redelivery', `is ${shown(redelivery)}; write { automatic: true, horizonSeconds: 86_400 }`)
  knownOnly(redelivery, REDELIVERY, 'redelivery.', fail)
  const { automatic, horizonSeconds: horizon } = redelivery
  if (typeof horizon !== 'number' || !(horizon >= 0 && horizon <= MAX_HORIZON_SECONDS)) {
    fail('redelivery.horizonSeconds', `${missingOr(horizon)}; use 0 to ${MAX_HORIZON_SECONDS}`)
  }
  if (typeof automatic !== 'boolean')
    fail('redelivery.automatic', `${missingOr(automatic)}; say true or false`)
}

function checkAcknowledgement(acknowledgement: unknown, fail: OptionFail): void {
  if (acknowledgement === undefined) return
  if (!isObject(acknowledgement))
    fail('acknowledgement', `is ${shown(acknowledgement)}; write what a copy gets: { status: 202 }`)
  knownOnly(acknowledgement, ACKNOWLEDGEMENT, 'acknowledgement.', fail)
  const { status, headers, ...texts } = acknowledgement as Readonly<Record<string, unknown>>
  if (!isWhole(status, 200, 299)) fail('acknowledgement.status', `${missingOr(status)}; use 200 to 299`)
  for (const [name, text] of Object.entries(texts)) {
    if (text !== undefined && typeof text !== 'string')
      fail(`acknowledgement.${name}`, `is ${shown(text)}; use a text`)
  }
  if (headers === undefined) return
  if (!isObject(headers)) fail('acknowledgement.headers', `is ${shown(headers)}; use an object of texts`)
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER.test(name) || typeof value !== 'string' || !FIELD_VALUE.test(value))
      fail(
        'acknowledgement.headers',
        'holds what no header can carry; use names in lower case and visible ASCII',
      )
  }
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
