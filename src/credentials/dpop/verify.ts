import type { Proven } from '../../authenticator.ts'
import { allow, deny, type Env, type ReplayKey, type Result } from '../../contract.ts'
import { decodeBase64url } from '../../lib/base64url.ts'
import { sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import type { Principal } from '../../principals.ts'
import { AHEAD_MS, type Proof } from './inspect.ts'
import type { ProofKey } from './key.ts'
import { checkNonce, makeNonce, nonceKey } from './nonce.ts'

/** What a verified proof adds to what its token proves. */
export interface ProvenByProof {
  readonly replay: NonNullable<Proven<Principal>['replay']> & { kind: 'once' }
  /** To be on the answer, whatever it is: a nonce for the next proof. */
  readonly answerHeaders?: Readonly<Record<string, string>>
}

/** The token that a proof is for, as it was presented, and the thumbprint that the verified token names (`cnf.jkt`). */
export interface Bound {
  token: string
  jkt: string
  env: Env
}

/** Isolates and the shared state read clocks of their own: a used proof is remembered for so much longer. */
const CLOCK_MARGIN_MS = 10_000
const CHALLENGE = { challenge: { scheme: 'DPoP' } } as const
const refused = (reason: string) => deny('proof_refused', `DPoP: ${reason}`, CHALLENGE)

/**
 * The rest of RFC 9449 section 4.3, once the token is verified: nonce, key and token that the proof is for, signature. What
 * passes may be used once: `replay` is to be claimed by the admit of this request.
 */
export async function verifyProof(proof: Proof, { token, jkt, env }: Bound): Promise<Result<ProvenByProof>> {
  const fresh = await nonceOf(proof, env)
  if (!fresh.ok) return fresh
  const thumbprint = await sha256(utf8(proof.key.canonical))
  if (!isSame(thumbprint, decodeBase64url(jkt)))
    return refused('its key is not the one that the token is bound to')
  if (!isSame(await sha256(utf8(token)), proof.ath)) return refused('ath is not of the token')
  if (!(await isSigned(proof))) return refused('the signature does not match')
  const replay = await replayOf(proof, jkt)
  return allow({ replay, ...(fresh.value !== undefined && { answerHeaders: withNonce(fresh.value) }) })
}

/** Refuses a proof without a nonce of ours, and gives a new one where the old one is about to end. */
async function nonceOf({ nonce, rules, now }: Proof, env: Env): Promise<Result<string | undefined>> {
  const { nonceMs } = rules
  if (nonceMs === undefined) return allow(undefined)
  const key = await nonceKey(env)
  if (key === undefined)
    return deny('not_configured', 'DPoP: nonces need the secret SEAL_KEY, of 32 characters or more')
  const known = nonce === undefined ? 'refused' : await checkNonce(nonce, key, nonceMs, now)
  if (known === 'current') return allow(undefined)
  const fresh = await makeNonce(key, nonceMs, now)
  if (known === 'old') return allow(fresh)
  const reason = nonce === undefined ? 'the proof has no nonce' : 'the nonce is out of date or not ours'
  return deny('proof_nonce_required', `DPoP: ${reason}`, { ...CHALLENGE, headers: withNonce(fresh) })
}

const withNonce = (nonce: string) => ({ 'dpop-nonce': nonce })

/** Web Crypto throws for a point that is not on its curve: that is a proof that does not verify. */
async function isSigned({ key, message, signature }: Proof): Promise<boolean> {
  try {
    return await crypto.subtle.verify(key.verifyAs, await imported(key), signature, message)
  } catch {
    return false
  }
}

const imported = ({ jwk, importAs }: ProofKey): Promise<CryptoKey> =>
  crypto.subtle.importKey('jwk', jwk, importAs, false, ['verify'])

/** Named by the key too, so that nobody can use up another client's proofs. */
async function replayOf({ jti, rules }: Proof, jkt: string): Promise<ReplayKey & { kind: 'once' }> {
  const ttlMs = rules.maxAgeMs + AHEAD_MS + CLOCK_MARGIN_MS
  const digest = encodeHex(await sha256(utf8(jti)))
  return { kind: 'once', id: `dpop:${jkt}:${digest}`, ttlMs, floorMs: ttlMs }
}

/** Digests of public values are compared: how long that takes tells nothing that is secret. */
const isSame = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  a.length === b?.length && a.every((byte, at) => byte === b[at])
