import { type BaseIssue, type GenericSchema, safeParse } from 'valibot'
import { allow, deny, type Result } from '../../contract.ts'
import { pointer } from '../../lib/json.ts'

/** Faults told to the client; a document with more is no easier to mend. */
const MAX_ERRORS = 20
/** Characters of a pointer: it may hold names that the client chose. */
const MAX_POINTER = 256
/** Beyond this many bytes only the first fault is looked for, so that faults cannot outgrow the body. */
const ALL_ISSUES_MAX_BYTES = 65_536

type Part = 'body' | 'query' | 'params' | 'headers'

const OBJECT_TYPES = new Set(['object', 'loose_object', 'strict_object', 'object_with_rest', 'record'])

/** The schema's word on one part of a request. */
export function match(
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
