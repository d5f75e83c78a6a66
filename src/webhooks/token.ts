import { allow, BODY_JSON_LIMITS, deny, type Result } from '../contract.ts'
import { decodeBase64 } from '../lib/base64.ts'
import { sha256, utf8 } from '../lib/digest.ts'
import { parseJson } from '../lib/json.ts'
import type { Algorithm } from './algorithms.ts'
import type { KeyForm } from './keys.ts'
import type { OptionFail, Proof, Sent } from './scheme.ts'

/** Where a provider that signs nothing sends its shared secret. */
export interface TokenBy {
  /** `stated header`: the one that the route's option `header` names. */
  in: 'header' | 'stated header' | 'body'
  /** The header in lower case, for `stated header` the default, or the member of the body's JSON object. */
  name: string
  /** `basic`: the secret is `user:password`, sent as RFC 7617 has it. @default 'plain' */
  written?: 'plain' | 'basic'
  /** The form of a secret. @default 16 to 512 characters of visible ASCII, with spaces inside */
  form?: RegExp
}

/** The proof that `token` makes: `by` is what signers and the documentation read. */
export interface TokenProof<B extends TokenBy = TokenBy> extends Proof<unknown> {
  readonly kind: 'token'
  readonly covers: 'nothing'
  readonly by: B
}

/** A guess costs a request, and nothing slows a stranger down: shorter secrets are refused at the operator's. */
const FORM = /^(?=.{16,512}$)[!-~](?:[ -~]*[!-~])?$/
/** Characters of what is presented; base64 makes 512 of them 684. */
const MAX_PRESENTED = 1024
const BASIC = 'Basic '
const HEADER = /^[a-z0-9][a-z0-9-]{0,63}$/
/** Headers that say how the request is framed or who it is for: none of them can hold a secret. */
const NOT_A_TOKEN = /^(?:host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect)$/

/** A secret is kept, and compared, as its SHA-256: what is compared tells neither the secret nor its length. */
const sharedSecret: Algorithm = {
  name: 'shared token',
  signatureBytes: undefined,
  importKey: sha256,
  verify: async (key, presented) => sameDigest(key as Uint8Array, await sha256(presented)),
}

/** Takes as long for digests that differ in the first byte as for equal ones. */
function sameDigest(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length
  for (let at = 0; at < one.length; at++) difference |= (one[at] ?? 0) ^ (other[at] ?? 0)
  return difference === 0
}

/** Compares two texts over their digests, in a time that tells nothing of where they differ. */
export const sameText = async (one: string, other: string): Promise<boolean> =>
  sameDigest(await sha256(utf8(one)), await sha256(utf8(other)))

/**
 * A shared secret that comes with each request: nothing is signed, so whoever reads one request can send any. There is no
 * claim, unless the route says `deduplicate: 'body'`: the whole body's digest is then the key.
 */
export function token<const B extends TokenBy>(by: B): TokenProof<B> {
  const form = by.form ?? FORM
  const decode = (text: string) => (form.test(text) ? utf8(text) : undefined)
  const keys: readonly KeyForm[] = [{ algorithm: sharedSecret, decode }]
  return proofOf({ by, keys, header: by.name, deduplicates: false })
}

interface Parts<B extends TokenBy> {
  by: B
  keys: readonly KeyForm[]
  header: string
  deduplicates: boolean
}

function proofOf<B extends TokenBy>(parts: Parts<B>): TokenProof<B> {
  const { by, keys, header, deduplicates } = parts
  const inBody = by.in === 'body'
  return {
    kind: 'token',
    covers: 'nothing',
    by,
    keys,
    tolerance: undefined,
    options: by.in === 'stated header' ? ['header', 'deduplicate'] : ['deduplicate'],
    forRoute: (options, fail) =>
      proofOf({
        ...parts,
        header: headerOf(options, header, fail),
        deduplicates: deduplicationOf(options, fail),
      }),
    inspect: (sent) => (inBody ? allow(undefined) : presentedIn(sent, header, by.written)),
    async verify(read, asked) {
      const found = inBody ? memberOf(asked.body, by.name) : allow(read as Uint8Array<ArrayBuffer>)
      if (!found.ok) return found
      const message = deduplicates ? asked.body : undefined
      // All of them, so that the time does not tell which slot it was.
      const matches = asked.keys.map(({ key }) => sharedSecret.verify(key, found.value, asked.body))
      const at = (await Promise.all(matches)).indexOf(true)
      const slot = asked.keys[at]?.slot
      return slot === undefined
        ? deny('signature_refused', 'the token is none of the secrets')
        : allow({ slot, message })
    },
  }
}

function presentedIn(
  { headers }: Sent,
  header: string,
  written: TokenBy['written'],
): Result<Uint8Array<ArrayBuffer>> {
  const value = headers.get(header)
  if (value === undefined) return deny('signature_missing', `${header} is missing`)
  const malformed = deny('signature_refused', `${header} is not of its form`)
  if (value.length > MAX_PRESENTED || !/^[ -~]+$/.test(value)) return malformed
  if (written !== 'basic') return allow(utf8(value))
  const bytes = value.startsWith(BASIC) ? decodeBase64(value.slice(BASIC.length)) : undefined
  return bytes ? allow(bytes) : malformed
}

/** The member of a body that is one strict JSON object: two parsers must not find two tokens in it. */
function memberOf(body: Uint8Array<ArrayBuffer>, name: string): Result<Uint8Array<ArrayBuffer>> {
  const json = parseJson(body, BODY_JSON_LIMITS, { exactNumbers: false })
  const value = json.ok ? json.value : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return deny('signature_refused', 'the body is not a JSON object')
  if (!Object.hasOwn(value, name)) return deny('signature_missing', `${name} is missing`)
  const text: unknown = (value as Record<string, unknown>)[name]
  return typeof text === 'string' && text.length <= MAX_PRESENTED
    ? allow(utf8(text))
    : deny('signature_refused', `${name} is not of its form`)
}

function headerOf({ header }: { header?: unknown }, otherwise: string, fail: OptionFail): string {
  if (header === undefined) return otherwise
  if (typeof header === 'string' && HEADER.test(header) && !NOT_A_TOKEN.test(header)) return header
  return fail('header', 'is not the name of a header for a token, in lower case')
}

function deduplicationOf({ deduplicate }: { deduplicate?: unknown }, fail: OptionFail): boolean {
  if (deduplicate === undefined || deduplicate === 'body') return deduplicate === 'body'
  return fail('deduplicate', "is not 'body'; leave it out where copies may pass")
}
