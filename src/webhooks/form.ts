import { BODY_FORM_LIMITS } from '../contract.ts'
import { type FormValue, parseForm } from '../lib/form.ts'

const decoder = new TextDecoder('latin1')

/** What no serializer writes: raw bytes beyond visible ASCII, escapes in lower case, no `=` in a parameter or two. */
const FOREIGN = [/[^!-~]/, /%(?:[a-f]|.[a-f])/, /(?:^|&)[^&=]*(?:&|$)/, /=[^&]*=/]

/**
 * The parameters of a form whose names and values a signature covers, but not how they are written: undefined for a spelling
 * that no serializer gives, so that one changed byte is one changed value.
 */
export function readSignedForm(body: Uint8Array): FormValue | undefined {
  const text = decoder.decode(body)
  if (text !== '' && FOREIGN.some((pattern) => pattern.test(text))) return undefined
  const form = parseForm(body, BODY_FORM_LIMITS)
  return form.ok ? form.value : undefined
}

/** The value of a parameter that comes exactly once. */
export function onlyValue(form: FormValue, name: string): string | undefined {
  const value = form[name]
  return typeof value === 'string' ? value : undefined
}
