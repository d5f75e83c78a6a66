/** Members of a Structured Fields Dictionary in their order: the label, and what was sent after it (`=…`, `;…` or nothing). */
export type Members = [label: string, text: string][]

const LABEL = /[a-z*][a-z0-9_.*-]*/y
const SEPARATOR = /[ \t]*,[ \t]*/y
// One run of a member's value: a quoted string, an inner list's bracket, or other visible characters.
const RUN = /"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|[()]|[!#-'*+\x2d-~]+| /y

/**
 * Cuts a Dictionary (RFC 9651 section 3.2) into its members without reading their values, so that a signature of
 * somebody else passes by untouched; `undefined` when the outline is broken: an open string or list, a comma too many.
 */
export function splitDictionary(field: string): Members | undefined {
  const members: Members = []
  let at = 0
  for (;;) {
    LABEL.lastIndex = at
    const label = LABEL.exec(field)?.[0]
    if (label === undefined) return undefined
    const end = endOfValue(field, at + label.length)
    if (end === undefined) return undefined
    members.push([label, field.slice(at + label.length, end).trimEnd()])
    if (end === field.length) return members
    SEPARATOR.lastIndex = end
    if (!SEPARATOR.test(field)) return undefined
    at = SEPARATOR.lastIndex
  }
}

function endOfValue(field: string, from: number): number | undefined {
  const first = field[from]
  if (first !== undefined && !'=;, \t'.includes(first)) return undefined
  let at = from
  let depth = 0
  while (at < field.length && (depth > 0 || (field[at] !== ',' && field[at] !== '\t'))) {
    RUN.lastIndex = at
    const run = RUN.exec(field)?.[0]
    if (run === undefined) return undefined
    if (run === '(') depth += 1
    if (run === ')') depth -= 1
    if (depth < 0 || depth > 1) return undefined
    at += run.length
  }
  return depth === 0 ? at : undefined
}
