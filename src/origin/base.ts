import { toBase64 } from './base64.ts'
import type { Algorithm } from './keys.ts'

/** Dictionary key of the gateway's signature in Signature-Input and Signature. */
export const LABEL = 'sallyport'
/** Value of the `tag` parameter: names this profile and its version (RFC 9421 section 2.3). */
export const TAG = 'sallyport-v1'
/** Covered in every request, in this order. */
export const DERIVED = ['@method', '@authority', '@path', '@query'] as const
/** Asserted by the gateway in every request: the record's id, the public host and the name of the route. */
export const ALWAYS_ASSERTED = ['sallyport-id', 'sallyport-host', 'sallyport-route'] as const
/** Header that says how the body is bound; the one value with a meaning here is `streamed`. */
export const BODY_HEADER = 'sallyport-body'
/** Value of `sallyport-body` for a body that left before its digest was known. */
export const STREAMED = 'streamed'
/** Longest time between `created` and `expires`, in seconds. */
export const MAX_LIFETIME_SECONDS = 300
/** Most components that one proof covers. */
export const MAX_COMPONENTS = 64

/** Names that are bound elsewhere in the profile, or that proxies rewrite on the way (RFC 9421 section 7.2.1). */
export const NEVER_ASSERTED: ReadonlySet<string> = new Set([
  'connection',
  'content-digest',
  'content-length',
  'content-type',
  'forwarded',
  'host',
  'signature',
  'signature-input',
  'transfer-encoding',
  'via',
])

/** Parameters of the signature; times are Unix seconds. */
export interface Params {
  created: number
  expires: number
  nonce: string
  keyid: string
  alg: Algorithm
  tag: string
}

const encoder = new TextEncoder()
const FIELD_NAME = /^[a-z0-9][a-z0-9-]{0,63}$/
// HTAB, SP and visible ASCII: no line break can forge a line of the base, no byte depends on a charset.
const FIELD_VALUE = /^[\t\x20-\x7e]*$/
const OUTER_SPACE = /^[\t ]+|[\t ]+$/g

/** Whether the profile can cover a header of this name: lower case, letters, digits and `-` only. */
export function isAssertable(name: string): boolean {
  return FIELD_NAME.test(name) && !NEVER_ASSERTED.has(name)
}

/** A header value as it stands in the base (RFC 9421 section 2.1), or `undefined` for obs-fold, control or non-ASCII bytes. */
export function canonicalValue(value: string): string | undefined {
  return FIELD_VALUE.test(value) ? value.replace(OUTER_SPACE, '') : undefined
}

/** Content-Digest of a body (RFC 9530) from its SHA-256. */
export function contentDigest(sha256: Uint8Array): string {
  return `sha-256=:${toBase64(sha256)}:`
}

/** The signature parameters as signed and as sent in Signature-Input (RFC 9421 section 2.3). */
export function serializeParams(names: readonly string[], params: Params): string {
  const { created, expires, nonce, keyid, alg, tag } = params
  const list = names.join('" "')
  return `("${list}");created=${created};expires=${expires};nonce="${nonce}";keyid="${keyid}";alg="${alg}";tag="${tag}"`
}

/** The signature base (RFC 9421 section 2.5): one line a component, the parameters last, no newline at the end. */
export function signatureBase(
  names: readonly string[],
  values: readonly string[],
  params: string,
): Uint8Array {
  let text = ''
  for (let i = 0; i < names.length; i++) text += `"${names[i]}": ${values[i]}\n`
  return encoder.encode(`${text}"@signature-params": ${params}`)
}
