import { allow, deny, type Result } from '../contract.ts'
import { compileForm } from './encoding.ts'
import type { KeyForm } from './keys.ts'
import type { Candidate } from './matching.ts'
import type { SignatureField } from './signed.ts'

/** A signature with the time that is signed with it; empty where none is. */
export interface TimedCandidate extends Candidate {
  time: string
}

/** More candidates for one kind of key than any provider sends while it rotates: bounds the work that a stranger can cause. */
const MAX_SIGNATURES = 8
const MAX_ITEMS = 32
/** An item of a list that is somebody else's: another version, another algorithm. */
const STRANGER = /^[A-Za-z0-9_-]{1,32}[=,][!-~]*$/

/** Reads the signatures out of the headers; `headerTime` is the time where it stands in a header of its own. */
export type SignatureReader = (headers: Headers, headerTime: string) => Result<readonly TimedCandidate[]>

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
  function candidateIn(item: string, time: string): TimedCandidate | null | undefined {
    for (let at = 0; at < forms.length; at++) {
      const form = forms[at]
      if (!form || !item.startsWith(form.prefix)) continue
      const bytes = form.decode(item.slice(form.prefix.length))
      return bytes && { form: keyOf(at), bytes, time }
    }
    return list !== undefined && STRANGER.test(item) ? null : undefined
  }

  /** One list: its signatures, with its time where that is an item of it. Undefined where it is not of its form. */
  function listOf(value: string, separator: string, headerTime: string): TimedCandidate[] | undefined {
    const items = value.split(separator)
    // A line that was doubled on the way is no second signature (RFC 9110 section 5.3 joins them so).
    if (items.length > MAX_ITEMS || (separator === ', ' && new Set(items).size < items.length))
      return undefined
    const isTime = (item: string) => timeItem !== undefined && item.startsWith(timeItem)
    const times = items.filter(isTime)
    if (timeItem !== undefined && times.length !== 1) return undefined
    const time = timeItem === undefined ? headerTime : (times[0] ?? '').slice(timeItem.length)
    const found: TimedCandidate[] = []
    for (const item of items) {
      if (isTime(item)) continue
      const candidate = candidateIn(item, time)
      if (candidate === undefined) return undefined
      if (candidate !== null) found.push(candidate)
    }
    return found
  }

  function allOf(values: readonly string[], headerTime: string): Result<readonly TimedCandidate[]> {
    const whole = lists === undefined ? values : values.flatMap((value) => value.split(lists))
    if (whole.length > MAX_SIGNATURES) return malformed(name)
    const candidates: TimedCandidate[] = []
    for (const value of whole) {
      const one = list === undefined && candidateIn(value, headerTime)
      const found = list === undefined ? one && [one] : listOf(value, list, headerTime)
      if (found) candidates.push(...found)
      // What is malformed in one of several headers says nothing of the others.
      else if (names.length === 1) return malformed(name)
    }
    const tooMany = keys.some(
      (_, at) => candidates.filter((each) => each.form === at).length > MAX_SIGNATURES,
    )
    return candidates.length === 0 || tooMany ? malformed(name) : allow(candidates)
  }

  if (names.length > 1) {
    return (headers, headerTime) => {
      const values = names.flatMap((one) => headers.get(one) ?? [])
      return values.length === 0 ? missing(name) : allOf(values, headerTime)
    }
  }
  return (headers, headerTime) => {
    const value = headers.get(name)
    if (value === null) return missing(name)
    if (list !== undefined || lists !== undefined) return allOf([value], headerTime)
    const candidate = candidateIn(value, headerTime)
    return candidate ? allow([candidate]) : malformed(name)
  }
}

export const missing = (header: string) => deny('signature_missing', `${header} is missing`)
export const malformed = (header: string) => deny('signature_refused', `${header} is not of its form`)
