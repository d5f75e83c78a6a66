import {
  type Authenticated,
  allow,
  BODY_FORM_LIMITS,
  BODY_JSON_LIMITS,
  type Denial,
  deny,
  type Result,
  type Validated,
} from '../../contract.ts'
import { utf8 } from '../../lib/digest.ts'
import { formatForm, parseForm } from '../../lib/form.ts'
import { parseJson } from '../../lib/json.ts'
import type { Route } from '../../route.ts'
import { match } from './schema.ts'

type Content = Pick<Validated, 'input' | 'payload' | 'payloadKind' | 'contentType' | 'reported'>
type Declared = NonNullable<Route['body']>['content'][number]

/** The body by its media type, its syntax and its schema, and the bytes that go on. */
export function validateContent(facts: Authenticated, route: Route): Result<Content> {
  const { body = new Uint8Array() } = facts
  const contentType = facts.headers.get('content-type')
  // The proof covers it, and a byte beyond ASCII has no one reading (RFC 9110 section 5.5).
  if (contentType !== undefined && !/^[\t -~]*$/.test(contentType)) {
    return deny('media_type_not_supported', 'Content-Type is not ASCII')
  }
  const signed = route.authenticate.signsBody
  const verbatim = signed || route.forward.body === 'verbatim'
  const asSent: Content = {
    input: undefined,
    payload: body.length === 0 ? undefined : body,
    payloadKind: body.length === 0 ? 'none' : signed ? 'verified' : 'verbatim',
    contentType,
    reported: [],
  }
  if (!route.body) {
    if (body.length === 0 || verbatim) return allow(asSent)
    return deny('body_not_expected', 'a body came to a route without a body schema', {
      measure: { limit: 0, actual: body.length, unit: 'bytes' },
    })
  }
  const declared = declaredIn(contentType, route.body.content)
  if (declared === undefined) {
    const types = route.body.content.map(({ mediaType }) => mediaType).join(' or ')
    return deny('media_type_not_supported', `Content-Type is not ${types}`)
  }
  const value = declared.syntax === 'form' ? readForm(body) : readJson(body, facts, verbatim)
  if (!value.ok) return value
  const parsed = match(route.body.schema, value.value, 'body', body)
  if (!parsed.ok && route.body.mode === 'enforce') return parsed
  if (!parsed.ok) return allow({ ...asSent, input: value.value, reported: [parsed.denial] })
  if (verbatim) return allow({ ...asSent, input: parsed.value })
  return written(parsed.value, declared)
}

/** The declared type that the header names; a charset, if any, is UTF-8 (RFC 9110 section 8.3). */
function declaredIn(header: string | undefined, content: readonly Declared[]): Declared | undefined {
  const [, type, charset] =
    /^([^;,\s]+)(?:[ \t]*;[ \t]*charset="?([A-Za-z0-9-]+)"?)?$/i.exec(header ?? '') ?? []
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') return undefined
  return content.find(({ mediaType }) => type?.toLowerCase() === mediaType)
}

function readJson(
  body: Uint8Array,
  { json }: Pick<Authenticated, 'json'>,
  verbatim: boolean,
): Result<unknown> {
  const parsed = json?.ok && verbatim ? json : parseJson(body, BODY_JSON_LIMITS, { exactNumbers: !verbatim })
  return parsed.ok ? parsed : malformed('JSON', parsed, parsed.fault === 'depth' ? 'levels' : 'count')
}

function readForm(body: Uint8Array): Result<unknown> {
  const parsed = parseForm(body, BODY_FORM_LIMITS)
  return parsed.ok ? parsed : malformed('form', parsed, 'count')
}

function malformed(
  what: 'JSON' | 'form',
  { fault, measure }: { fault: string; measure?: { limit: number; actual: number } },
  unit: 'levels' | 'count',
) {
  const measured: Denial['measure'] = measure && { ...measure, unit }
  return deny('malformed_body', `the ${what} is refused: ${fault}`, measured && { measure: measured })
}

/** The validated value, written anew in the syntax that it came in. */
function written(input: unknown, { mediaType, syntax }: Declared): Result<Content> {
  const text = syntax === 'form' ? formatForm(input) : (JSON.stringify(input) ?? '')
  if (text === undefined) {
    return deny('internal_error', "the route's schema makes a value that a form cannot carry")
  }
  const payload = text === '' ? undefined : utf8(text)
  const payloadKind = payload ? 'validated' : 'none'
  return allow({ input, payload, payloadKind, contentType: mediaType, reported: [] })
}
