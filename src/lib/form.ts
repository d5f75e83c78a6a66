/** Why a form is refused although, or because, other parsers would have read it. */
export type FormFault =
  | 'encoding'
  | 'escape'
  | 'control'
  | 'separator'
  | 'empty-name'
  | 'parameters'
  | 'prototype-key'

/** A name that comes once has a text, one that comes again the list of its texts in order; there is no prototype. */
export type FormValue = Readonly<Record<string, string | readonly string[]>>

/** A parsed form or a fault, with the measure where the fault is a limit; what is beyond it is not read. */
export type FormOutcome =
  | { ok: true; value: FormValue }
  | { ok: false; fault: FormFault; measure?: { limit: number; actual: number } }

// With ignoreBOM a leading BOM stays in the first name, as the standard has it.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses application/x-www-form-urlencoded (WHATWG URL section 5.1) that a security decision rests on: refuses what two
 * parsers may read differently. Those are bytes and escapes that are not UTF-8, broken escapes, raw control characters, a raw
 * `;`, which some take for `&`, and a parameter without a name, which some drop. Every serializer escapes them. A parameter
 * without `=` has the empty text; an empty one, as between `&&`, is none.
 */
export function parseForm(bytes: Uint8Array, { maxParameters }: { maxParameters: number }): FormOutcome {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return { ok: false, fault: 'encoding' }
  }
  const fault = rawFault(text)
  if (fault) return { ok: false, fault }
  const found = new Map<string, string | string[]>()
  let count = 0
  for (let at = 0; at < text.length; ) {
    const end = nextOrEnd(text, '&', at)
    if (end > at && ++count > maxParameters) {
      return { ok: false, fault: 'parameters', measure: { limit: maxParameters, actual: count } }
    }
    const refused = end > at ? take(text.slice(at, end), found) : undefined
    if (refused) return { ok: false, fault: refused }
    at = end + 1
  }
  return { ok: true, value: Object.assign(Object.create(null), Object.fromEntries(found)) }
}

function rawFault(text: string): FormFault | undefined {
  if (text.includes(';')) return 'separator'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'control'
  return /%(?![0-9A-Fa-f]{2})/.test(text) ? 'escape' : undefined
}

/** Puts one parameter to those of its name, or says why it is refused. */
function take(parameter: string, found: Map<string, string | string[]>): FormFault | undefined {
  const equals = nextOrEnd(parameter, '=', 0)
  let name: string
  let value: string
  try {
    name = decoded(parameter.slice(0, equals))
    value = decoded(parameter.slice(equals + 1))
  } catch {
    return 'encoding'
  }
  if (name === '') return 'empty-name'
  if (name === '__proto__') return 'prototype-key'
  const before = found.get(name)
  if (Array.isArray(before)) before.push(value)
  else found.set(name, before === undefined ? value : [before, value])
  return undefined
}

/** Throws for escapes that are not UTF-8 on their own: `%C3` and a raw byte do not make a character together. */
const decoded = (part: string): string => decodeURIComponent(part.replaceAll('+', ' '))

function nextOrEnd(text: string, sought: string, from: number): number {
  const found = text.indexOf(sought, from)
  return found < 0 ? text.length : found
}

/**
 * Writes a value as a form, lists as repeated parameters and nothing for what is undefined; undefined itself for a value that
 * a form cannot carry.
 */
export function formatForm(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const form = new URLSearchParams()
  for (const [name, held] of Object.entries(value)) {
    if (held === undefined) continue
    for (const one of Array.isArray(held) ? held : [held]) {
      if (!isScalar(one) || !name.isWellFormed()) return undefined
      form.append(name, String(one))
    }
  }
  return form.toString()
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' ? value.isWellFormed() : typeof value === 'boolean' || Number.isFinite(value)
