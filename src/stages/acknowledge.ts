import type { Acknowledgement } from '../contract.ts'
import { utf8 } from '../lib/digest.ts'

/** What a scheme cannot say of its answer: these are the gateway's, whatever it is asked to repeat. */
const RESERVED = /^(?:sallyport-.*|content-length|content-type|cache-control|set-cookie|transfer-encoding)$/

/** The answer that a provider takes for success, made here in the origin's place; `added` stands over the scheme's headers. */
export function acknowledge(
  { status, contentType, body, headers: told = {} }: Acknowledgement,
  added: Readonly<Record<string, string>>,
): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(told)) {
    if (!RESERVED.test(name.toLowerCase())) headers.set(name, value)
  }
  for (const [name, value] of Object.entries(added)) headers.set(name, value)
  headers.set('cache-control', 'no-store')
  if (contentType !== undefined) {
    headers.set('content-type', contentType)
    headers.set('x-content-type-options', 'nosniff')
  }
  const bytes = utf8(body ?? '')
  // RFC 9110 section 8.6: none on a 204.
  if (status !== 204) headers.set('content-length', String(bytes.length))
  return new Response(bytes.length === 0 ? null : bytes, { status, headers })
}
