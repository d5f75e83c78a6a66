import type { Authenticator, Content, Syntax } from './authenticator.ts'
import { isRefusalStatus } from './contract.ts'
import type { Duration } from './lib/duration.ts'
import { durationOf, type Fail, shown } from './options.ts'

const DEFAULT_TIMEOUT_MS = 10_000
const MAX_TIMEOUT_MS = 120_000
const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
/** RFC 6838 section 4.2, in lower case, without wildcards and parameters. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/

type Provider = Pick<Authenticator, 'name' | 'content' | 'timeoutMs' | 'refusalStatuses'>

/** The media types that a route takes, each with its syntax: the ones it names, else what its provider sends. */
export function contentOf(
  mediaType: string | readonly string[] | undefined,
  { name, content = [] }: Provider,
  fail: Fail,
): readonly Content[] {
  const stated = new Map<string, Syntax>()
  for (const { mediaType, syntax } of content) {
    if (syntaxOf(mediaType, syntax) !== syntax || !MEDIA_TYPE.test(mediaType))
      fail('authenticate', `${name} states ${shown(syntax)} for ${shown(mediaType)}; ${POSSIBLE}`)
    stated.set(mediaType, syntax)
  }
  if (mediaType === undefined)
    return content.length > 0 ? content : [{ mediaType: JSON_TYPE, syntax: 'json' }]
  const named = typeof mediaType === 'string' ? [mediaType] : mediaType
  if (!Array.isArray(named) || named.length === 0)
    fail('body.mediaType', `is ${shown(mediaType)}; write a media type or a list of them`)
  return named.map((type) => {
    if (typeof type !== 'string' || !MEDIA_TYPE.test(type))
      fail('body.mediaType', `${shown(type)} is not type/subtype in lower case, without parameters`)
    const syntax = syntaxOf(type, stated.get(type))
    return syntax ? { mediaType: type, syntax } : fail('body.mediaType', `${shown(type)}: ${POSSIBLE}`)
  })
}

const POSSIBLE = `bodies are read as JSON (${JSON_TYPE}, types that end in +json) or as a form (${FORM_TYPE}), other types as the provider's entry says`

/** Two types have one syntax everywhere; for every other one the provider has to say it. */
function syntaxOf(mediaType: string, stated: Syntax | undefined): Syntax | undefined {
  if (mediaType === FORM_TYPE) return 'form'
  if (mediaType === JSON_TYPE || mediaType.endsWith('+json')) return 'json'
  return stated === 'json' || stated === 'form' ? stated : undefined
}

/** Milliseconds that the origin has: the route's own word, else what the provider waits. */
export function timeoutOf(timeout: Duration | undefined, provider: Provider, fail: Fail): number {
  const own = timeout === undefined ? undefined : durationOf(timeout, 'forward.timeout', fail)
  const ms = own ?? provider.timeoutMs ?? DEFAULT_TIMEOUT_MS
  if (own !== undefined && own > MAX_TIMEOUT_MS) fail('forward.timeout', `is ${timeout}; use at most '120 s'`)
  if (!Number.isSafeInteger(ms) || ms < 1 || ms > MAX_TIMEOUT_MS)
    fail('forward.timeout', `is ${ms} ms by ${provider.name}; write at most '120 s' here`)
  return ms
}

/** A refusal that leaves as a success would be taken for one. */
export function checkRefusalStatuses({ name, refusalStatuses = {} }: Provider, fail: Fail): void {
  for (const [status, instead] of Object.entries(refusalStatuses)) {
    if (!isRefusalStatus(Number(status)) || !isRefusalStatus(instead))
      fail('authenticate', `${name} answers ${instead} for ${status}; a refusal has a status from 400 to 599`)
  }
}
