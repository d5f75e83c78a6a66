import { allow, deny, type RequestHeaders, type Result, secretOf } from '../contract.ts'
import { concatBytes, utf8 } from '../lib/digest.ts'
import { type Algorithm, hmacSha256 } from './algorithms.ts'
import { checkTime, parseTime, type TimeUnit, toleranceOf } from './clock.ts'
import { compileForm, type SignatureForm } from './encoding.ts'
import { type KeyForm, text } from './keys.ts'
import { matching } from './matching.ts'
import type { Checked, Proof } from './scheme.ts'

/** A signature that stands in the body, over some of what stands beside it. */
export interface EmbeddedBy {
  /** Of the body. Members beside the signed ones are covered by nothing. */
  covers: 'body' | 'part'
  /** How signatures are written. */
  form: SignatureForm
  /** @default HMAC-SHA256 */
  algorithm?: Algorithm
  /** How the secret becomes the key. @default its text */
  decode?: KeyForm['decode']
  /** The key is this digest of what `decode` gives. @default none: the bytes as they are */
  keyDigest?: 'SHA-1'
  /** Seconds into the past for which the signed time is taken; into the future the same, but never over 300. */
  time?: { unit: TimeUnit; toleranceSeconds: number }
  /** What a body claims; undefined for one that is not of the provider's form. */
  read: (body: Uint8Array<ArrayBuffer>, facts: ReadFacts) => Embedded | undefined
}

export interface ReadFacts {
  headers: RequestHeaders
  /** The route's, for the provider that has some of its own. */
  options: unknown
  /** The text of a secret or var by its name. */
  textOf: (name: string) => string | undefined
}

/**
 * Puts a body and its signature together, for signers: exported beside the entry, so that no Worker carries it. Throws a TypeError
 * for a body that cannot hold one.
 */
export type Write = (body: string, facts: WriteFacts) => Promise<Written>

export interface WriteFacts {
  /** As the scheme writes it; empty where no time is signed. */
  time: string
  /** The delivery's id, where the scheme signs one. */
  id: string
  /** The signature over a message, as the scheme writes it. */
  sign: (message: string) => Promise<string>
}

export interface Written {
  body: string
  contentType?: string
}

/** What a body claims about itself, before any of it is believed. */
export interface Embedded {
  /** Each of them has to match. */
  claims: readonly Claim[]
  time?: string
  id?: string
  /** The signed fields by name. */
  signed?: Readonly<Record<string, string>>
  /** What the delivery is known by, where the signed bytes are the same for different ones. @default the signed bytes */
  knownBy?: Uint8Array<ArrayBuffer>
}

/** One message with its signature; alternatives where the provider writes one of several. */
export interface Claim {
  signatures: readonly string[]
  messages: readonly string[]
}

/** The proof that `embedded` makes: `by` is what signers and the documentation read. */
export interface EmbeddedProof<B extends EmbeddedBy = EmbeddedBy> extends Proof<unknown> {
  readonly kind: 'embedded'
  readonly covers: B['covers']
  readonly by: B
}

/** Bounds the work that one request can cause; providers send one or a few. */
const MAX_CLAIMS = 32

/** A signature in the body. The body is parsed before it is believed, so its parser has to be strict and bounded. */
export function embedded<const B extends EmbeddedBy>(by: B): EmbeddedProof<B> {
  const { algorithm = hmacSha256, decode = text, keyDigest } = by
  const keys: readonly KeyForm[] = [
    { algorithm: keyDigest ? underDigest(algorithm, keyDigest) : algorithm, decode },
  ]
  const form = compileForm(by.form, algorithm.signatureBytes)
  return {
    kind: 'embedded',
    covers: by.covers,
    by,
    keys,
    tolerance: by.time && toleranceOf(by.time.toleranceSeconds),
    // The headers say nothing about the signature.
    inspect: () => allow(undefined),
    async verify(_, asked) {
      const { body, headers, options, means, now, tolerance } = asked
      const found = by.read(body, { headers, options, textOf: (name) => secretOf(means.env, name) })
      if (!found) return deny('signature_refused', 'the body is not of its form')
      const { claims, time = '', id, signed } = found
      if (claims.length === 0) return deny('signature_missing', 'the body holds no signature')
      if (claims.length > MAX_CLAIMS) {
        const measure = { limit: MAX_CLAIMS, actual: claims.length, unit: 'count' } as const
        return deny('signature_refused', 'too many signatures', { measure })
      }
      if (by.time && tolerance) {
        const ms = parseTime(time, by.time.unit)
        if (ms === undefined) return deny('signature_refused', 'the signed time is not of its form')
        const timely = checkTime(ms, now, tolerance)
        if (!timely.ok) return timely
      }
      const matched: Checked[] = []
      for (const { signatures, messages } of claims) {
        const candidates = signatures.flatMap((written) => {
          const bytes = form.read(written)
          return bytes ? [{ form: 0, bytes }] : []
        })
        if (candidates.length < signatures.length)
          return deny('signature_refused', 'a signature is not of its form')
        const checked = await anyMatching(messages.map(utf8), (message) =>
          matching(keys, candidates, message, asked),
        )
        if (!checked.ok) return checked
        matched.push(checked.value)
      }
      // With keys of both slots in one body, the first stands for all in what the record tells.
      const [first] = matched as [Checked]
      const message = found.knownBy ?? joined(matched.flatMap(({ message }) => message ?? []))
      return allow({
        slot: first.slot,
        message,
        ...(id !== undefined && { id }),
        ...(signed && { signed }),
      })
    },
  }
}

async function anyMatching(
  messages: readonly Uint8Array<ArrayBuffer>[],
  check: (message: Uint8Array<ArrayBuffer>) => Promise<Result<Checked>>,
): Promise<Result<Checked>> {
  for (const message of messages) {
    const checked = await check(message)
    if (checked.ok) return checked
  }
  return deny('signature_refused', 'no signature matches')
}

const LINE = utf8('\n')

const joined = ([first = new Uint8Array(), ...rest]: readonly Uint8Array<ArrayBuffer>[]) =>
  rest.length === 0 ? first : concatBytes(first, ...rest.flatMap((message) => [LINE, message]))

/** An algorithm whose key is the digest of what is called the key. */
const underDigest = (algorithm: Algorithm, digest: 'SHA-1'): Algorithm => ({
  ...algorithm,
  importKey: async (bytes) => algorithm.importKey(new Uint8Array(await crypto.subtle.digest(digest, bytes))),
})
