/** Why a text is refused although, or because, JSON.parse would have read it. */
export type JsonFault =
  | 'encoding'
  | 'syntax'
  | 'duplicate-key'
  | 'depth'
  | 'nodes'
  | 'number'
  | 'prototype-key'
  | 'surrogate'

/** `maxDepth` counts nested objects and arrays (`[]` is 1); `maxNodes` counts members and elements. */
export interface JsonLimits {
  maxDepth: number
  maxNodes: number
}

/** A parsed value or a fault, with the measure where the fault is a limit; what is beyond it is not counted. */
export type JsonOutcome =
  | { ok: true; value: unknown }
  | { ok: false; fault: JsonFault; measure?: { limit: number; actual: number } }

// With ignoreBOM a leading BOM stays in the text, where it is a syntax error.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const QUOTE = 34
const COLON = 58
const COMMA = 44
const MINUS = 45
const ZERO = 48
const NINE = 57
const DOT = 46
const PLUS = 43
const UPPER_E = 69
const LOWER_E = 101
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/**
 * Parses JSON that a security decision rests on: refuses what two parsers may read differently (RFC 8259
 * sections 4, 6 and 8; RFC 7493), and what is too deep or too large to walk.
 *
 * A number that is not finite as a double is refused always; with `exactNumbers` also one whose decimal value
 * would change when it is written again (2^53+1, 10.0000000000000000001, 1e-400).
 */
export function parseJson(
  bytes: Uint8Array,
  limits: JsonLimits,
  options: { exactNumbers: boolean },
): JsonOutcome {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return { ok: false, fault: 'encoding' }
  }
  // The scan holds for any text, so that a thousand open brackets cost no parse. It is trusted below only once
  // the text has parsed.
  const scan = scanText(text, limits, options.exactNumbers)
  const excess = excessOf(scan, limits)
  if (excess) return excess
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, fault: 'syntax' }
  }
  const shape = walkValue(value, text.includes('\\u'))
  // JSON.parse keeps the last of equal names after unescaping them, so each duplicate is a member less.
  if (scan.members !== shape.members) return { ok: false, fault: 'duplicate-key' }
  if (shape.nodes > limits.maxNodes) return overLimit('nodes', limits.maxNodes, shape.nodes)
  if (shape.prototypeKey) return { ok: false, fault: 'prototype-key' }
  if (shape.loneSurrogate) return { ok: false, fault: 'surrogate' }
  if (shape.nonFinite || scan.inexact) return { ok: false, fault: 'number' }
  return { ok: true, value }
}

/**
 * The fault of a text that is too deep or too wide, for one whose bytes are characters still (as `atob` gives them): it is
 * found before the text is decoded.
 */
export function findExcess(binary: string, limits: JsonLimits): Refused | undefined {
  return excessOf(scanText(binary, limits, false), limits)
}

type Refused = Extract<JsonOutcome, { ok: false }>

/** A comma stands between two nodes: what has too many of them is not even parsed. */
function excessOf({ depth, commas }: Scan, { maxDepth, maxNodes }: JsonLimits): Refused | undefined {
  if (depth > maxDepth) return overLimit('depth', maxDepth, depth)
  return commas >= maxNodes ? overLimit('nodes', maxNodes, commas + 1) : undefined
}

const overLimit = (fault: 'depth' | 'nodes', limit: number, actual: number): Refused => ({
  ok: false,
  fault,
  measure: { limit, actual },
})

interface Scan {
  members: number
  commas: number
  depth: number
  inexact: boolean
}

/** What only the text shows: its depth, every member that was written, and the digits of numbers. Ends with what is one too much. */
function scanText(text: string, { maxDepth, maxNodes }: JsonLimits, exactNumbers: boolean): Scan {
  const scan: Scan = { members: 0, commas: 0, depth: 0, inexact: false }
  let open = 0
  let backslash = nextOrEnd(text, '\\', 0)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = nextOrEnd(text, '"', at + 1)
      while (backslash < at) {
        // The escaped character may be the quote that was found.
        if (backslash + 1 === at) at = nextOrEnd(text, '"', at + 1)
        backslash = nextOrEnd(text, '\\', backslash + 2)
      }
    } else if (code === COLON) {
      scan.members++
    } else if (code === COMMA) {
      scan.commas++
      if (scan.commas >= maxNodes) return scan
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      open++
      if (open > scan.depth) scan.depth = open
      if (open > maxDepth) return scan
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      open--
    } else if (exactNumbers && (code === MINUS || (code >= ZERO && code <= NINE))) {
      const start = at
      at = numberEnd(text, at) - 1
      if (!scan.inexact && !survivesDouble(text, start, at + 1)) scan.inexact = true
    }
  }
  return scan
}

function nextOrEnd(text: string, sought: string, from: number): number {
  const found = text.indexOf(sought, from)
  return found < 0 ? text.length : found
}

function numberEnd(text: string, start: number): number {
  let at = start + 1
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const inside = (code >= ZERO && code <= NINE) || code === DOT || code === LOWER_E || code === UPPER_E
    if (!inside && code !== MINUS && code !== PLUS) break
  }
  return at
}

function survivesDouble(text: string, start: number, end: number): boolean {
  // Fifteen significant digits survive a double, and without an exponent so few cannot underflow.
  if (end - start <= 15) {
    let at = start
    while (at < end && (text.charCodeAt(at) | 32) !== LOWER_E) at++
    if (at === end) return true
  }
  // The longest double written out in full has 326 characters; past that there are only padding or lost digits.
  if (end - start > 400) return false
  const literal = text.slice(start, end)
  const written = String(Number(literal))
  return written === literal || decimal(written) === decimal(literal)
}

/** A decimal as its significant digits and the power of ten of the last one, so that 1.0, 10e-1 and 1 agree. */
function decimal(literal: string): string {
  const match = /^-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?$/.exec(literal)
  if (!match) return literal
  const [, whole = '', fraction = '', exponent = '0'] = match
  const digits = whole + fraction
  let first = 0
  while (digits.charCodeAt(first) === ZERO) first++
  if (first === digits.length) return '0'
  let last = digits.length
  while (digits.charCodeAt(last - 1) === ZERO) last--
  return `${digits.slice(first, last)}e${Number(exponent) - fraction.length + digits.length - last}`
}

interface Shape {
  nodes: number
  members: number
  prototypeKey: boolean
  loneSurrogate: boolean
  nonFinite: boolean
}

function walkValue(root: unknown, mayHoldSurrogates: boolean): Shape {
  const shape: Shape = { nodes: 0, members: 0, prototypeKey: false, loneSurrogate: false, nonFinite: false }
  const pending: unknown[][] = [[root]]
  for (let values = pending.pop(); values; values = pending.pop()) {
    for (const value of values) {
      if (typeof value === 'string') {
        if (mayHoldSurrogates && !value.isWellFormed()) shape.loneSurrogate = true
      } else if (typeof value === 'number') {
        if (!Number.isFinite(value)) shape.nonFinite = true
      } else if (Array.isArray(value)) {
        shape.nodes += value.length
        pending.push(value)
      } else if (typeof value === 'object' && value !== null) {
        if (Object.hasOwn(value, '__proto__')) shape.prototypeKey = true
        if (mayHoldSurrogates && !Object.keys(value).every((name) => name.isWellFormed())) {
          shape.loneSurrogate = true
        }
        const members = Object.values(value)
        shape.members += members.length
        pending.push(members)
      }
    }
  }
  shape.nodes += shape.members
  return shape
}

/** The RFC 6901 JSON pointer of a path as a URI fragment (section 6), e.g. `#/a~1b/0`. */
export function pointer(path: readonly (string | number)[]): string {
  let fragment = '#'
  for (const step of path) {
    const token = String(step).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')
    // encodeURIComponent also escapes characters that a fragment may hold as they are (RFC 3986 section 3.5).
    fragment += `/${encodeURIComponent(token).replace(/%(?:24|26|2B|2C|3A|3B|3D|3F|40)/g, decodeURIComponent)}`
  }
  return fragment
}
