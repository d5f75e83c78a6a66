/** A path pattern, compiled: literal segments, `:name` segments, and at most one `*` at the end. */
export interface Pattern {
  text: string
  segments: readonly Segment[]
  /** Ends in `/*`: takes further segments, or none, as Hono's router does. */
  open: boolean
}

type Segment = { literal: string } | { param: string }

const literalSegment = /^[A-Za-z0-9._~-]+$/
const paramSegment = /^:([A-Za-z][A-Za-z0-9]*)$/

/**
 * Compiles a path pattern.
 * @throws {TypeError} where the pattern could not match a canonical path as its author reads it.
 */
export function compilePattern(text: string): Pattern {
  if (!text.startsWith('/')) throw new TypeError(`path: '${text}' must begin with '/'`)
  const parts = text === '/' ? [] : text.slice(1).split('/')
  const open = parts.at(-1) === '*'
  if (open) parts.pop()
  const names = new Set<string>()
  const segments = parts.map((part): Segment => {
    const param = paramSegment.exec(part)?.[1]
    if (param !== undefined) {
      if (names.has(param))
        throw new TypeError(`path: '${text}' names ':${param}' twice; give each its own name`)
      names.add(param)
      return { param }
    }
    if (!literalSegment.test(part) || part === '.' || part === '..') {
      throw new TypeError(
        `path: '${text}' has the segment '${part}'; write letters, digits and '._~-', ':name', or '*' at the end`,
      )
    }
    return { literal: part }
  })
  return { text, segments, open }
}

const literals = (pattern: Pattern): number => pattern.segments.filter((s) => 'literal' in s).length

/** Sorts the most specific first: a pattern whose paths are a part of another's comes before it. */
export const bySpecificity = (a: Pattern, b: Pattern): number =>
  literals(b) - literals(a) || Number(a.open) - Number(b.open) || b.segments.length - a.segments.length

/** Is there a path that both match? */
export function overlap(a: Pattern, b: Pattern): boolean {
  const [short, long] = a.segments.length <= b.segments.length ? [a, b] : [b, a]
  if (short.segments.length < long.segments.length && !short.open) return false
  return short.segments.every((segment, i) => {
    const other = long.segments[i] as Segment
    return 'param' in segment || 'param' in other || segment.literal === other.literal
  })
}

/** Does every path of `inner` match `outer` as well? */
export function contains(outer: Pattern, inner: Pattern): boolean {
  if (
    outer.open
      ? inner.segments.length < outer.segments.length
      : inner.segments.length !== outer.segments.length
  ) {
    return false
  }
  if (inner.open && !outer.open) return false
  return outer.segments.every((segment, i) => {
    const other = inner.segments[i] as Segment
    return 'param' in segment || ('literal' in other && other.literal === segment.literal)
  })
}

/** Two patterns that share paths while neither is the more specific one: nobody could tell which wins. */
export const equallySpecific = (a: Pattern, b: Pattern): boolean =>
  overlap(a, b) && contains(a, b) === contains(b, a)
