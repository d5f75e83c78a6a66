import { allow, deny, type Result } from '../contract.ts'
import { hmacSha256 } from './algorithms.ts'
import { checkTime, parseTime, type TimeUnit, toleranceOf } from './clock.ts'
import type { SignatureForm } from './encoding.ts'
import { type KeyForm, text } from './keys.ts'
import { matching } from './matching.ts'
import { malformed, missing, signatureReader, type TimedCandidate } from './read-signature.ts'
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
  candidates: readonly TimedCandidate[]
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
      if (idHeader !== undefined && id === null) return missing(idHeader)
      const headerTime = timeHeader === undefined ? '' : headers.get(timeHeader)
      if (headerTime === null) return missing(timeHeader ?? '')
      const found = signaturesIn(headers, headerTime)
      if (!found.ok) return found
      if (idHeader !== undefined && !idForm.test(id ?? '')) return malformed(idHeader)
      const candidates = found.value
      if (isTimed && tolerance) {
        for (const time of timesOf(candidates)) {
          const timely = inspectTime(time, now, tolerance)
          if (!timely.ok) return timely
        }
      }
      return allow({ candidates, id: id ?? undefined } satisfies ReadSignature)
    },
    verify(read, asked) {
      const { candidates, id } = read as ReadSignature
      if (by.signs === '{body}') return matching(keys, candidates, asked.body, asked, id)
      // One time, and bytes that are put together at once: every further await would cost a turn.
      const [time = '', another] = timesOf(candidates)
      const message = another === undefined ? composed(asked, id, time) : undefined
      if (message instanceof Uint8Array) return matching(keys, candidates, message, asked, id)
      return eachTime(candidates, asked, id)
    },
  }

  function composed({ method, url, headers, now, body }: Asked, id: string | undefined, time: string) {
    return compose({ method, url, headers, now, body, id: id ?? '', time })
  }

  async function eachTime(candidates: readonly TimedCandidate[], asked: Asked, id: string | undefined) {
    let refused: Result<Checked> = malformed(name)
    for (const time of timesOf(candidates)) {
      const message = await composed(asked, id, time)
      if (message === undefined) return deny('signature_refused', 'what is signed is not of its form')
      const own = candidates.filter((each) => each.time === time)
      refused = await matching(keys, own, message, asked, id)
      if (refused.ok) return refused
    }
    return refused
  }
}

/** The times of the lists: one, save where several lists have one each. */
function timesOf(candidates: readonly TimedCandidate[]): string[] {
  const [first] = candidates
  if (candidates.length === 1 && first) return [first.time]
  return [...new Set(candidates.map(({ time }) => time))]
}
