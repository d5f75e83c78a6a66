import { type BaseIssue, type GenericSchema, safeParse } from 'valibot'
import {
  type Authenticated,
  allow,
  BODY_JSON_LIMITS,
  type Denial,
  deny,
  type Result,
  type Validated,
} from '../contract.ts'
import { utf8 } from '../lib/digest.ts'
import { type JsonOutcome, parseJson, pointer } from '../lib/json.ts'
import type { Route } from '../route.ts'

/** Faults told to the client; a document with more is no easier to mend. */
const MAX_ERRORS = 20
/** Characters of a pointer: it may hold names that the client chose. */
const MAX_POINTER = 256
/** Beyond this many bytes only the first fault is looked for, so that faults cannot outgrow the body. */
const ALL_ISSUES_MAX_BYTES = 65_536

/** Shape after identity: strict bytes → strict JSON → schema; path parameters, query and headers too. */
export function validate(facts: Authenticated, route: Route): Result<Validated> {
  const params = route.params && parse(route.params, facts.params, 'params', facts.body)
  if (params && !params.ok) return params
  const headers =
    route.headers && parse(route.headers, Object.fromEntries(facts.request.headers), 'headers', facts.body)
  if (headers && !headers.ok) return headers
  const query = validateQuery(facts, route)
  if (!query.ok) return query
  const content = validateBody(facts, route)
  if (!content.ok) return content
  return allow({ ...facts, ...content.value, forwardSearch: query.value })
}

function validateQuery(facts: Authenticated, route: Route): Result<string> {
  if (facts.search === '') return route.query ? rebuild({}, route.query, facts) : allow('')
  if (!route.query) return deny('query_not_declared', 'a query came to a route without a query schema')
  const values = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(facts.search)) {
    const before = values.get(name)
    if (before) before.push(value)
    else values.set(name, [value])
  }
  const single = Array.from(values, ([name, all]) => [name, all.length === 1 ? all[0] : all])
  return rebuild(Object.fromEntries(single), route.query, facts)
}

/** The origin gets the query that was validated, never the one that was sent: nothing can hide beside it. */
function rebuild(values: object, schema: GenericSchema, facts: Authenticated): Result<string> {
  const parsed = parse(schema, values, 'query', facts.body)
  if (!parsed.ok) return parsed
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parsed.value as Record<string, unknown>)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) search.append(name, String(one))
    }
  }
  return allow(search.size === 0 ? '' : `?${search}`)
}

type Content = Pick<Validated, 'input' | 'payload' | 'payloadKind' | 'contentType' | 'reported'>

function validateBody(facts: Authenticated, route: Route): Result<Content> {
  const { body = new Uint8Array() } = facts
  const contentType = facts.request.headers.get('content-type') ?? undefined
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
  if (!isMediaType(contentType, route.body.mediaType)) {
    return deny('media_type_not_supported', `Content-Type is not ${route.body.mediaType}`)
  }
  const json =
    facts.json?.ok && verbatim ? facts.json : parseJson(body, BODY_JSON_LIMITS, { exactNumbers: !verbatim })
  if (!json.ok) return malformed(json)
  const parsed = parse(route.body.schema, json.value, 'body', body)
  if (!parsed.ok && route.body.mode === 'enforce') return parsed
  if (!parsed.ok) return allow({ ...asSent, input: json.value, reported: [parsed.denial] })
  if (verbatim) return allow({ ...asSent, input: parsed.value })
  const payload = utf8(JSON.stringify(parsed.value))
  return allow({
    input: parsed.value,
    payload,
    payloadKind: 'validated',
    contentType: route.body.mediaType,
    reported: [],
  })
}

/** Exactly the declared media type; a charset, if any, is UTF-8 (RFC 9110 section 8.3). */
function isMediaType(header: string | undefined, mediaType: string): boolean {
  const [, type, charset] =
    /^([^;,\s]+)(?:[ \t]*;[ \t]*charset="?([A-Za-z0-9-]+)"?)?$/i.exec(header ?? '') ?? []
  if (type?.toLowerCase() !== mediaType) return false
  return charset === undefined || charset.toLowerCase() === 'utf-8'
}

function malformed(fault: Exclude<JsonOutcome, { ok: true }>) {
  const unit = fault.fault === 'depth' ? 'levels' : 'count'
  const measure: Denial['measure'] = fault.measure && { ...fault.measure, unit }
  return deny('malformed_body', `the JSON is refused: ${fault.fault}`, measure && { measure })
}

function parse(
  schema: GenericSchema,
  value: unknown,
  part: Part,
  body: Uint8Array | undefined,
): Result<unknown> {
  // valibot's object schemas take an array for an object; JSON does not.
  if (Array.isArray(value) && OBJECT_TYPES.has(schema.type)) {
    return invalid(part, 1, [{ pointer: '#', detail: 'expected Object' }])
  }
  const parsed = safeParse(schema, value, { abortEarly: (body?.length ?? 0) > ALL_ISSUES_MAX_BYTES })
  if (parsed.success) return allow(parsed.output)
  return invalid(part, parsed.issues.length, parsed.issues.slice(0, MAX_ERRORS).map(describe))
}

type Part = 'body' | 'query' | 'params' | 'headers'

const OBJECT_TYPES = new Set(['object', 'loose_object', 'strict_object', 'object_with_rest', 'record'])

const invalid = (part: Part, actual: number, errors: { pointer: string; detail: string }[]) =>
  deny('input_invalid', `${part} does not match its schema`, {
    measure: { limit: 0, actual, unit: 'count' },
    extensions: { part, errors },
  })

/** What was expected and where; never what was received, which valibot's own message would quote. */
function describe(issue: BaseIssue<unknown>): { pointer: string; detail: string } {
  const path = (issue.path ?? []).map((item) => item.key as string | number)
  return { pointer: pointer(path).slice(0, MAX_POINTER), detail: `expected ${issue.expected ?? issue.type}` }
}
