import { allow, deny, type RequestHeaders, type Result } from '../contract.ts'
import { compileForm } from './encoding.ts'
import type { KeyForm } from './keys.ts'
import type { Candidate } from './matching.ts'
import type { SignatureField } from './signed.ts'

/** Signatures over one text, and the time that is in it; empty where none is. */
export interface SignatureList {
  time: string
  candidates: readonly Candidate[]
}

/** More candidates for one kind of key than any provider sends while it rotates: bounds the work that a stranger can cause. */
const MAX_SIGNATURES = 8
const MAX_ITEMS = 32
/** An item of a list that is somebody else's: another version, another algorithm. */
const STRANGER = /^[A-Za-z0-9_-]{1,32}[=,][!-~]*$/

/** Reads the signatures out of the headers; `headerTime` is the time where it stands in a header of its own. */
export type SignatureReader = (
  headers: RequestHeaders,
  headerTime: string,
) => Result<readonly SignatureList[]>

/** Compiles the reader of a field. Throws a TypeError for a form that nothing can be read from. */
export function signatureReader(
  { header, form, list, lists }: SignatureField,
  timeItem: string | undefined,
  keys: readonly KeyForm[],
): SignatureReader {
  const names = typeof header === 'string' ? [header] : header
  const texts = typeof form === 'string' ? [form] : form
  const keyOf = (at: number) => (keys.length === texts.length ? at : 0)
  const forms = texts.map((one, at) => compileForm(one, keys[keyOf(at)]?.algorithm.signatureBytes))
  // Where several headers may hold one, the first stands for all in what the record tells.
  const name = names[0] ?? ''

  /** The candidate of an item; null for one that is somebody else's, undefined for one that is not of its form. */
  function candidateIn(item: string): Candidate | null | undefined {
    for (let at = 0; at < forms.length; at++) {
      const form = forms[at]
      if (!form || !item.startsWith(form.prefix)) continue
      const bytes = form.read(item)
      return bytes && { form: keyOf(at), bytes }
    }
    return list !== undefined && STRANGER.test(item) ? null : undefined
  }

  /** One list: its signatures, with its time where that is an item of it. Undefined where it is not of its form. */
  function listOf(value: string, separator: string, headerTime: string): SignatureList | undefined {
    const items = value.split(separator)
    // A line that was doubled on the way is no second signature (RFC 9110 section 5.3 joins them so).
    if (items.length > MAX_ITEMS || (separator === ', ' && new Set(items).size < items.length))
      return undefined
    let time = timeItem === undefined ? headerTime : undefined
    const candidates: Candidate[] = []
    for (const item of items) {
      if (timeItem !== undefined && item.startsWith(timeItem)) {
        if (time !== undefined) return undefined
        time = item.slice(timeItem.length)
        continue
      }
      const candidate = candidateIn(item)
      if (candidate === undefined) return undefined
      if (candidate !== null) candidates.push(candidate)
    }
    return time === undefined ? undefined : { time, candidates }
  }

  /** A value without a list is a list of one. */
  function readValue(value: string, headerTime: string): SignatureList | undefined {
    if (list !== undefined) return listOf(value, list, headerTime)
    const candidate = candidateIn(value)
    return candidate ? { time: headerTime, candidates: [candidate] } : undefined
  }

  const isBounded = (candidates: readonly Candidate[]): boolean =>
    candidates.length <= MAX_SIGNATURES ||
    keys.every((_, at) => candidates.filter(({ form }) => form === at).length <= MAX_SIGNATURES)

  function readAll(values: readonly string[], headerTime: string): Result<readonly SignatureList[]> {
    const whole = lists === undefined ? values : values.flatMap((value) => value.split(lists))
    if (whole.length > MAX_SIGNATURES) return malformed(name)
    const found: SignatureList[] = []
    for (const value of whole) {
      const one = readValue(value, headerTime)
      if (one && one.candidates.length > 0) addTo(found, one)
      // What is malformed in one of several headers says nothing of the others.
      else if (!one && names.length === 1) return malformed(name)
    }
    const candidates = found.flatMap((one) => one.candidates)
    if (candidates.length === 0 || !isBounded(candidates)) return malformed(name)
    return allow(found)
  }

  if (names.length > 1 || lists !== undefined) {
    return (headers, headerTime) => {
      const values = names.flatMap((one) => headers.get(one) ?? [])
      return values.length === 0 ? missing(name) : readAll(values, headerTime)
    }
  }
  return (headers, headerTime) => {
    const value = headers.get(name)
    if (value === undefined) return missing(name)
    const one = readValue(value, headerTime)
    return one && one.candidates.length > 0 && isBounded(one.candidates) ? allow([one]) : malformed(name)
  }
}

/** Adds a list to others: those of one time have one text, which is then put together once, and their keys keep their order. */
function addTo(lists: SignatureList[], { time, candidates }: SignatureList): void {
  const at = lists.findIndex((list) => list.time === time)
  const same = lists[at]
  if (same) lists[at] = { time, candidates: [...same.candidates, ...candidates] }
  else lists.push({ time, candidates })
}

export const missing = (header: string) => deny('signature_missing', `${header} is missing`)
export const malformed = (header: string) => deny('signature_refused', `${header} is not of its form`)
