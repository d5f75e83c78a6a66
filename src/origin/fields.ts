import { canonicalValue } from './base.ts'
import { refuse, type Step } from './refusal.ts'

/** Headers as an origin has them: `Headers`, Node's `headersDistinct` or `headers`, or a list of pairs. */
export type HeaderInput =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | readonly (readonly [name: string, value: string])[]

/** Every value of a header under its lower-case name. */
export type Fields = ReadonlyMap<string, readonly string[]>

/** Collects headers without joining lines, so that a repeated header stays visible. */
export function collectFields(input: HeaderInput): Fields {
  const fields = new Map<string, string[]>()
  const add = (name: string, value: string): void => {
    const lower = name.toLowerCase()
    const values = fields.get(lower)
    if (values) values.push(value)
    else fields.set(lower, [value])
  }
  if (Symbol.iterator in input) for (const [name, value] of input) add(name, value)
  else {
    for (const [name, value] of Object.entries(input)) {
      if (typeof value === 'string') add(name, value)
      else for (const line of value ?? []) add(name, line)
    }
  }
  return fields
}

/** The one value of a covered header, as it stands in the signature base. */
export function coveredValue(fields: Fields, name: string): Step<string> {
  const values = fields.get(name)
  if (values === undefined || values[0] === undefined) return refuse('header-missing')
  if (values.length > 1) return refuse('header-repeated')
  const value = canonicalValue(values[0])
  return value === undefined ? refuse('header-malformed') : { ok: true, value }
}

// CGI, WSGI and Rack turn `-` into `_`, PHP also `.`: names that differ only there reach an application as one header.
const folded = (name: string): string => name.replace(/[^a-z0-9]/g, '-')

const MUST_BE_COVERED = ['content-digest', 'content-type']

/** Whether a header is present that an application could take for the gateway's although the proof does not cover it. */
export function hasUncoveredField(fields: Fields, covered: ReadonlySet<string>): boolean {
  const guarded = new Set([...covered, ...MUST_BE_COVERED])
  for (const name of fields.keys()) {
    if (covered.has(name)) continue
    const canonical = folded(name)
    if (guarded.has(canonical) || `${canonical}-`.startsWith('sallyport-')) return true
  }
  return false
}
