import { DERIVED, isAssertable, LABEL, MAX_COMPONENTS, type Params, serializeParams, TAG } from './base.ts'
import { fromBase64 } from './base64.ts'
import { splitDictionary } from './dictionary.ts'
import type { Fields } from './fields.ts'
import type { Algorithm } from './keys.ts'
import { refuse, type Step } from './refusal.ts'

/** A proof read from its two fields, its shape checked and nothing else. */
export interface Proof extends Params {
  names: readonly string[]
  /** Names of the covered headers that the gateway asserts. */
  asserted: readonly string[]
  /** The parameters as sent, for the last line of the base. */
  text: string
  signature: Uint8Array
}

const MAX_FIELD_CHARS = 16_384
const SIGNATURE_BYTES: Record<Algorithm, number> = { 'hmac-sha256': 32, ed25519: 64 }
const INPUT =
  /^\("([^\\()]{1,8000})"\);created=(\d{1,12});expires=(\d{1,12});nonce="([A-Za-z0-9+/]{21}[AQgw]==)";keyid="([A-Za-z0-9_-]{1,64})";alg="(hmac-sha256|ed25519)";tag="([a-z0-9-]{1,64})"$/
const BODY_COMPONENTS = ['content-digest', 'content-length']

/** Reads the gateway's member of Signature-Input and Signature, in exactly the shape that the signer emits. */
export function readProof(fields: Fields): Step<Proof> {
  const input = soleMember(fields, 'signature-input')
  if (!input.ok) return input
  const signed = soleMember(fields, 'signature')
  if (!signed.ok) return signed

  const match = INPUT.exec(input.value)
  if (!match) return refuse('proof-malformed')
  const [, list = '', created, expires, nonce = '', keyid = '', alg, tag = ''] = match
  const algorithm = alg === 'ed25519' ? 'ed25519' : 'hmac-sha256'
  const params: Params = {
    created: Number(created),
    expires: Number(expires),
    nonce,
    keyid,
    alg: algorithm,
    tag,
  }
  if (tag !== TAG) return refuse('tag-unknown')

  const names = list.split('" "')
  const asserted = assertedNames(names)
  const signature = /^:(.*):$/.exec(signed.value)?.[1]
  const bytes = signature === undefined ? undefined : fromBase64(signature)
  // The signer's serialisation must give the text back: no leading zero or other spelling of the same proof.
  if (
    !asserted ||
    serializeParams(names, params) !== input.value ||
    bytes?.length !== SIGNATURE_BYTES[algorithm]
  ) {
    return refuse('proof-malformed')
  }
  return { ok: true, value: { ...params, names, asserted, text: input.value, signature: bytes } }
}

function soleMember(fields: Fields, name: string): Step<string> {
  const lines = fields.get(name)
  if (!lines) return refuse('proof-missing')
  // Lines of one field are one Dictionary (RFC 9110 section 5.3).
  const field = lines.join(', ')
  const members = field.length > MAX_FIELD_CHARS ? undefined : splitDictionary(field)
  if (!members) return refuse('proof-malformed')
  const ours = members.filter(([label]) => label === LABEL)
  if (ours.length > 1) return refuse('proof-duplicated')
  const text = ours[0]?.[1]
  if (text === undefined) return refuse('proof-missing')
  return text.startsWith('=') ? { ok: true, value: text.slice(1) } : refuse('proof-malformed')
}

/** The headers after the fixed part of the list; `undefined` unless all components stand in the profile's order, each once. */
function assertedNames(names: readonly string[]): string[] | undefined {
  const rank = (name: string): number => {
    const derived = DERIVED.indexOf(name as (typeof DERIVED)[number])
    if (derived >= 0) return derived
    if (BODY_COMPONENTS.includes(name)) return DERIVED.length
    return name === 'content-type' ? DERIVED.length + 1 : DERIVED.length + 2
  }
  const asserted = names.filter((name) => rank(name) === DERIVED.length + 2)
  const sorted = names.every((name, i) => {
    const before = names[i - 1]
    if (before === undefined) return true
    const step = rank(name) - rank(before)
    return step > 0 || (step === 0 && asserted.includes(name) && name > before)
  })
  return sorted && names.length <= MAX_COMPONENTS && asserted.every(isAssertable) ? asserted : undefined
}
