import { allow, deny, type Result } from '../contract.ts'
import { encodeBase64url } from '../lib/base64url.ts'
import { sha256 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import { hmacSha256 } from './algorithms.ts'
import { checkTime, parseTime, toleranceOf } from './clock.ts'
import { readCompact } from './compact.ts'
import { verifyEs256 } from './ecdsa.ts'
import { text } from './keys.ts'
import { matching } from './matching.ts'
import type { Asked, Checked, Proof } from './scheme.ts'

/** A JSON Web Token in a header that stands for the request: the claims say what is meant, never the token's own header. */
export interface JwsBy<More = unknown> {
  header: string
  /** HS256 takes the route's secret as text; ES256 takes the key that `key` finds. */
  alg: 'HS256' | 'ES256'
  /** The public key for a `kid`, where no secret is shared. */
  key?: (kid: string, asked: Asked<More>) => Promise<Result<CryptoKey>>
  /** Claims that have one value. */
  claims?: Readonly<Record<string, string>>
  /** The claim that names the public URL. */
  urlClaim?: string
  /** The claim with the SHA-256 of the body. Without one the body is not covered. */
  bodyHash?: BodyHash
  time?: JwsTime
  /** The claim that names this one token. */
  idClaim?: string
  /** Claims that a route's rules may rest on, where the body is not covered. */
  tells?: readonly string[]
}

interface BodyHash {
  claim: string
  form: 'hex' | 'base64url'
}

interface JwsTime {
  /** When the token begins to hold, Unix seconds. */
  claim: 'iat' | 'nbf'
  /** It has to have an `exp` (RFC 7519 section 4.1.4), which no tolerance stretches. */
  expires?: boolean
  /** Seconds into the past for which it is taken; into the future the same, but never over 300. */
  toleranceSeconds: number
}

/** The proof that `jws` makes: `by` is what signers and the documentation read. */
export interface JwsProof<D extends JwsBy<never> = JwsBy<never>, More = unknown> extends Proof<More> {
  readonly kind: 'jws'
  readonly covers: D extends { bodyHash: BodyHash } ? 'body' : 'part'
  readonly signsUrl: D extends { urlClaim: string } ? true : false
  readonly by: D
}

/** What was read of the token. */
interface Token {
  kid: string | undefined
  message: Uint8Array<ArrayBuffer>
  signature: Uint8Array<ArrayBuffer>
  hash: string | undefined
  id: string | undefined
  tells: Readonly<Record<string, string>>
}

/** Others could mean anything: `crit`, `b64`, keys that the token brings along. */
const HEADER_MEMBERS = ['alg', 'typ', 'kid']
const KID = /^[\w-]{1,64}$/
const ID = /^[!-~]{1,256}$/
const SIGNATURE_BYTES = { HS256: 32, ES256: 64 }

/** A proof over a compact JWS. Whatever is wrong with the token's claims costs no body and no key. */
export function jws<More, const D extends JwsBy<More> = JwsBy<More>>(by: D & JwsBy<More>): JwsProof<D, More> {
  const { header: place, alg, time, urlClaim, bodyHash } = by
  const keys = alg === 'HS256' ? [{ algorithm: hmacSha256, decode: text }] : []
  return {
    kind: 'jws',
    covers: (bodyHash ? 'body' : 'part') as JwsProof<D>['covers'],
    signsUrl: (urlClaim !== undefined) as JwsProof<D>['signsUrl'],
    by,
    keys,
    tolerance: time && toleranceOf(time.toleranceSeconds),
    inspect(sent, tolerance) {
      const value = sent.headers.get(place)
      if (value === undefined) return deny('signature_missing', `${place} is missing`)
      const token = readCompact(value)
      if (!token) return refuse(`${place} is no compact JWS in its one spelling`)
      const { header, claims, message, signature } = token
      const { kid } = header
      if (header.alg !== alg) return refuse(`the token's algorithm is not ${alg}`)
      if (Object.keys(header).some((name) => !HEADER_MEMBERS.includes(name))) {
        return refuse("the token's header has a member that is not taken")
      }
      const hasKid = typeof kid === 'string' && KID.test(kid)
      if (by.key && !hasKid) return refuse("the token's kid is not of its form")
      if (signature.length !== SIGNATURE_BYTES[alg])
        return refuse('the signature has not the size of its algorithm')
      for (const [name, wanted] of Object.entries(by.claims ?? {})) {
        if (claims[name] !== wanted) return refuse(`${name} is not the provider's`)
      }
      if (urlClaim !== undefined && claims[urlClaim] !== sent.url) return refuse(`${urlClaim} is another URL`)
      if (time && tolerance) {
        const issued = secondsOf(claims[time.claim])
        const expires = secondsOf(claims.exp)
        if (issued === undefined || (time.expires && expires === undefined))
          return refuse('a time is not of its form')
        const timely = checkTime(issued, sent.now, tolerance)
        if (!timely.ok) return timely
        if (time.expires && expires !== undefined && sent.now >= expires)
          return refuse('the token has expired')
      }
      // QStash pads it; the claim itself is signed, so that this makes no second spelling.
      const hash = bodyHash && textIn(claims, bodyHash.claim)?.replace(/=$/, '')
      const id = by.idClaim === undefined ? undefined : textIn(claims, by.idClaim)
      if (bodyHash && hash === undefined) return refuse(`${bodyHash.claim} is not of its form`)
      if (by.idClaim !== undefined && (id === undefined || !ID.test(id)))
        return refuse(`${by.idClaim} is not of its form`)
      const tells = Object.fromEntries((by.tells ?? []).flatMap((name) => told(name, claims[name])))
      return allow({ kid: hasKid ? kid : undefined, message, signature, hash, id, tells } satisfies Token)
    },
    async verify(read, asked) {
      const token = read as Token
      const checked = await signedBy(token, asked)
      if (!checked.ok) return checked
      if (bodyHash && token.hash !== (await hashOf(asked.body, bodyHash.form))) {
        return refuse('the body is another one')
      }
      const { slot } = checked.value
      if (!bodyHash) return allow({ slot, message: undefined, signed: token.tells })
      // Where a time is signed, a second event with the same body has a token of its own.
      const message = time ? token.message : asked.body
      return allow({ slot, message, ...(token.id !== undefined && { id: token.id }) })
    },
  }

  async function signedBy({ kid, message, signature }: Token, asked: Asked<More>): Promise<Result<Checked>> {
    if (!by.key) return matching(keys, [{ form: 0, bytes: signature }], message, asked)
    const found = await by.key(kid ?? '', asked)
    if (!found.ok) return found
    const matches = await verifyEs256(found.value, signature, message)
    return matches ? allow({ slot: 'current', message }) : refuse('no signature matches')
  }
}

const refuse = (reason: string) => deny('signature_refused', reason)

/** Milliseconds of a NumericDate in whole seconds (RFC 7519 section 2). */
const secondsOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? parseTime(String(value), 's') : undefined

function textIn(claims: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = claims[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

const told = (name: string, value: unknown): [string, string][] =>
  typeof value === 'string' || Number.isSafeInteger(value) ? [[name, String(value)]] : []

async function hashOf(body: Uint8Array<ArrayBuffer>, form: BodyHash['form']): Promise<string> {
  const digest = await sha256(body)
  return form === 'hex' ? encodeHex(digest) : encodeBase64url(digest)
}
