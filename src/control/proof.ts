import { allow, deny, type Received, type Result } from '../contract.ts'
import { sha256 } from '../lib/digest.ts'
import { contentDigest, type Params, serializeParams, signatureBase } from '../origin/base.ts'
import { fromBase64, toBase64 } from '../origin/base64.ts'
import type { SigningKey } from '../origin/keys.ts'
import { signBase } from '../origin/sign.ts'
import type { ControlKey } from './keys.ts'

/** Dictionary key of the signature, and its `tag`: what is signed for an origin is worth nothing here, nor the other way round. */
const LABEL = 'sallyport-control'
const TAG = 'sallyport-control-v1'
/** Covered in every command, in this order, and nothing else (RFC 9421 section 2). */
const COVERED = ['@method', '@authority', '@path', '@query', 'content-digest', 'content-type'] as const
const MEDIA_TYPE = 'application/json'
const NONCE_BYTES = 16

/** Seconds from `created` to `expires`, and how far `created` may be from now, to either side. */
export const WINDOW_SECONDS = 60
/** Milliseconds for which a nonce has to be remembered: from a clock that is behind to one that is ahead. */
export const NONCE_MS = 3 * WINDOW_SECONDS * 1000

const INPUT = new RegExp(
  `^${LABEL}=(\\([^)]{1,200}\\);created=(\\d{1,12});expires=(\\d{1,12});nonce="([A-Za-z0-9+/]{21}[AQgw]==)";` +
    `keyid="([A-Za-z0-9_-]{1,64})";alg="(hmac-sha256|ed25519)";tag="${TAG}")$`,
)
const SIGNATURE = new RegExp(`^${LABEL}=:([A-Za-z0-9+/=]{1,100}):$`)
const DIGEST = /^sha-256=:[A-Za-z0-9+/]{43}=:$/

/** A command's signature as it was sent: its form and its time are checked, and nothing else. */
export interface SignedCommand {
  params: Params
  /** Where the command goes: the public host. */
  host: string
  path: string
  digest: string
  signature: Uint8Array<ArrayBuffer>
}

/** Signs a command; the headers are all that the request needs. Times are Unix seconds. */
export async function signCommand(
  key: SigningKey,
  { url, body, created }: { url: URL; body: Uint8Array<ArrayBuffer>; created: number },
): Promise<Record<string, string>> {
  const nonce = toBase64(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)))
  const expires = created + WINDOW_SECONDS
  const text = serializeParams(COVERED, {
    created,
    expires,
    nonce,
    keyid: key.id,
    alg: key.algorithm,
    tag: TAG,
  })
  const digest = contentDigest(await sha256(body))
  const signature = await signBase(key, baseOf({ host: url.host, path: url.pathname, digest }, text))
  return {
    'content-type': MEDIA_TYPE,
    'content-digest': digest,
    'signature-input': `${LABEL}=${text}`,
    signature: `${LABEL}=:${toBase64(signature)}:`,
  }
}

/** Reads the signature of a command in exactly the form that the signer gives it; costs no crypto. */
export function readSigned({
  headers,
  host,
  path,
  now,
}: Pick<Received, 'headers' | 'host' | 'path' | 'now'>): Result<SignedCommand> {
  const [input, signed] = [headers.get('signature-input'), headers.get('signature')]
  if (input === undefined || signed === undefined)
    return deny('signature_missing', 'no Signature-Input or no Signature')
  // A field that came twice is joined by a comma, which no field of this form holds.
  const [, text, created, expires, nonce = '', keyid = '', alg] = INPUT.exec(input) ?? []
  const signature = fromBase64(SIGNATURE.exec(signed)?.[1] ?? '')
  if (text === undefined || signature === undefined) return refused('the signature is not of the form of one')
  const algorithm = alg === 'ed25519' ? 'ed25519' : 'hmac-sha256'
  const params: Params = {
    created: Number(created),
    expires: Number(expires),
    nonce,
    keyid,
    alg: algorithm,
    tag: TAG,
  }
  // One text for one signature: what is covered, and no leading zeros.
  if (serializeParams(COVERED, params) !== text) return refused('the signature does not cover what it has to')
  const digest = headers.get('content-digest') ?? ''
  if (!DIGEST.test(digest)) return refused('Content-Digest is not a SHA-256')
  if (headers.get('content-type') !== MEDIA_TYPE)
    return deny('media_type_not_supported', `the media type is not ${MEDIA_TYPE}`)
  const age = now / 1000 - params.created
  if (params.expires !== params.created + WINDOW_SECONDS) return refused('expires is not 60 s after created')
  if (Math.abs(age) > WINDOW_SECONDS) {
    const measure = { limit: WINDOW_SECONDS, actual: Math.round(Math.abs(age)), unit: 'seconds' } as const
    return deny('signature_refused', `created is too ${age > 0 ? 'old' : 'far ahead'}`, { measure })
  }
  return allow({ params, host, path, digest, signature: new Uint8Array(signature) })
}

/** Finds the key that the signature names, and verifies it: of the body only the digest is needed. */
export async function verifySigned(
  keys: readonly ControlKey[],
  { params, host, path, digest, signature }: SignedCommand,
): Promise<Result<ControlKey>> {
  const base = baseOf({ host, path, digest }, serializeParams(COVERED, params)) as Uint8Array<ArrayBuffer>
  const named = keys.filter(({ key }) => key.id === params.keyid && key.algorithm === params.alg)
  if (named.length === 0) return refused('no key has that id and algorithm')
  for (const each of named) {
    const name = params.alg === 'ed25519' ? 'Ed25519' : 'HMAC'
    if (await crypto.subtle.verify(name, await each.key.load(), signature, base)) return allow(each)
  }
  return refused('the signature is not that of this command')
}

/** Whether the body is the one whose digest was signed. */
export async function checkBody(
  { digest }: SignedCommand,
  body: Uint8Array<ArrayBuffer>,
): Promise<Result<true>> {
  return contentDigest(await sha256(body)) === digest
    ? allow(true)
    : refused('the body is not the one that was signed')
}

const baseOf = (at: { host: string; path: string; digest: string }, params: string): Uint8Array =>
  // No command has a query: an absent one is `?` (RFC 9421 section 2.2.7).
  signatureBase(COVERED, ['POST', at.host, at.path, '?', at.digest, MEDIA_TYPE], params)

const refused = (reason: string) => deny('signature_refused', reason)
