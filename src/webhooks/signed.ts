import { type Awaitable, allow, deny, type Result } from '../contract.ts'
import { hmacSha256 } from './algorithms.ts'
import { checkTime, parseTime, type TimeUnit, toleranceOf } from './clock.ts'
import type { SignatureForm } from './encoding.ts'
import { type KeyForm, text } from './keys.ts'
import { type Candidate, matching } from './matching.ts'
import { malformed, missing, type SignatureList, signatureReader } from './read-signature.ts'
import type { Asked, Checked, Proof, Sent, Tolerance } from './scheme.ts'
import { compileTemplate } from './template.ts'

/** A signature in headers over bytes that the provider puts together: the way of most. */
export interface SignedBy {
  /** How secrets become keys. @default HMAC-SHA256 with the secret's text as the key */
  keys?: readonly [KeyForm, ...KeyForm[]]
  signature: SignatureField
  time?: TimeField
  /** The header whose value is signed as `{id}`. */
  idHeader?: string
  /** Which values that header may have; where nothing separates it from what follows, they must not run into it. @default visible ASCII without a dot */
  idForm?: RegExp
  /** What is signed: a template such as `{time}.{body}` with `{id}`, `{time}`, `{method}`, `{url}`, `{body}`, or a function where that is not enough. */
  signs: string | Compose
  /** The URL is signed: routes may state how the provider has it. @default false */
  signsUrl?: boolean
}

export interface SignatureField {
  /** Its header, or several for as many keys: what is malformed in one of them says nothing of the others. */
  header: string | readonly [string, ...string[]]
  /** How it is written: `sha256={hex}`. With as many forms as keys each form belongs to one, else all to the first. */
  form: SignatureForm | readonly [SignatureForm, ...SignatureForm[]]
  /** What separates several in one header; ones of another form are passed over. A repeated header is a list with `, `. */
  list?: ' ' | ',' | ', ' | ';' | '&'
  /** What separates whole lists, each with a time of its own. */
  lists?: ' '
}

export interface TimeField {
  /** Its header. */
  header?: string
  /** Or the start of its item in the signature's list: `t=`. */
  item?: string
  /** Or its path in the signed JSON body, with dots. */
  body?: string
  /** @default 's' */
  unit?: TimeUnit
  /** Seconds into the past for which it is taken; into the future the same, but never over 300. */
  toleranceSeconds: number
}

/** What was read of the headers. */
export interface ReadSignature {
  lists: readonly SignatureList[]
  id: string | undefined
}

/** Puts the signed bytes together; undefined where the request is not of the provider's form. */
export type Compose = (
  facts: Sent & { body: Uint8Array<ArrayBuffer>; id: string; time: string },
) => Uint8Array<ArrayBuffer> | undefined | Promise<Uint8Array<ArrayBuffer> | undefined>

/** The proof that `signed` makes: `by` is what signers and the documentation read. */
export interface SignedProof<D extends SignedBy = SignedBy> extends Proof<unknown> {
  readonly kind: 'signed'
  readonly covers: 'body'
  readonly by: D
}

/** Visible ASCII without the dot that separates id, time and body in what is signed. */
const ID = /^[!-\-/-~]{1,256}$/

/** A signature over the request. Throws a TypeError for data that cannot be right. */
export function signed<const D extends SignedBy>(by: D): SignedProof<D> {
  const { time: timeField, idHeader, idForm = ID } = by
  const keys = by.keys ?? [{ algorithm: hmacSha256, decode: text }]
  const signaturesIn = signatureReader(by.signature, timeField?.item, keys)
  const compose: Compose = typeof by.signs === 'function' ? by.signs : compileTemplate(by.signs)
  const unit = timeField?.unit ?? 's'
  const [name = ''] = typeof by.signature.header === 'string' ? [by.signature.header] : by.signature.header
  const timeHeader = timeField?.header
  const isTimed = timeField !== undefined && timeField.body === undefined

  function inspectTime(time: string, now: number, tolerance: Tolerance): Result<true> {
    const ms = parseTime(time, unit)
    return ms === undefined ? malformed(timeHeader ?? name) : checkTime(ms, now, tolerance)
  }

  return {
    kind: 'signed',
    covers: 'body',
    by,
    keys,
    tolerance: timeField && toleranceOf(timeField.toleranceSeconds),
    ...(by.signsUrl && { signsUrl: true }),
    ...(timeField?.body !== undefined && { bodyTime: { path: timeField.body, unit } }),
    inspect({ headers, now }, tolerance) {
      const id = idHeader === undefined ? undefined : headers.get(idHeader)
      if (idHeader !== undefined && id === undefined) return missing(idHeader)
      const headerTime = timeHeader === undefined ? '' : headers.get(timeHeader)
      if (headerTime === undefined) return missing(timeHeader ?? '')
      const found = signaturesIn(headers, headerTime)
      if (!found.ok) return found
      if (idHeader !== undefined && !idForm.test(id ?? '')) return malformed(idHeader)
      const lists = found.value
      if (isTimed && tolerance) {
        for (const { time } of lists) {
          const timely = inspectTime(time, now, tolerance)
          if (!timely.ok) return timely
        }
      }
      return allow({ lists, id } satisfies ReadSignature)
    },
    verify(read, asked) {
      const { lists, id } = read as ReadSignature
      const [list, another] = lists
      // Every further await would cost a turn.
      return list && another === undefined ? verifyList(list, asked, id) : verifyAny(lists, asked, id)
    },
  }

  function verifyList(
    { time, candidates }: SignatureList,
    asked: Asked,
    id?: string,
  ): Awaitable<Result<Checked>> {
    const { method, url, headers, now, body } = asked
    const message = compose({ method, url, headers, now, body, id: id ?? '', time })
    if (message instanceof Uint8Array) return matching(keys, candidates, message, asked, id)
    return verifyLater(message, candidates, asked, id)
  }

  async function verifyLater(
    composing: ReturnType<Compose>,
    candidates: readonly Candidate[],
    asked: Asked,
    id: string | undefined,
  ): Promise<Result<Checked>> {
    const message = await composing
    if (message === undefined) return deny('signature_refused', 'what is signed is not of its form')
    return matching(keys, candidates, message, asked, id)
  }

  async function verifyAny(lists: readonly SignatureList[], asked: Asked, id: string | undefined) {
    let refused: Result<Checked> = malformed(name)
    for (const list of lists) {
      refused = await verifyList(list, asked, id)
      if (refused.ok) return refused
    }
    return refused
  }
}
