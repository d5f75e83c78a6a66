import type { GenericSchema } from 'valibot'
import type { KeySource } from '../../keys/index.ts'
import type { Duration } from '../../lib/duration.ts'
import type { SecretName, VarName } from '../../names.ts'
import type { Dpop } from '../dpop/index.ts'
import type { IssuerProfile } from '../profiles/profile.ts'
import type { TokenAlgorithm } from './algorithms.ts'

/**
 * `jwks`: the var with the URL of the key set. `set`: the keys themselves, as a JWK set (RFC 7517). `pem`: one or two public
 * keys or certificates. `variable`: a secret or var with a set or PEM. Or a source of your own.
 */
export type TokenKeys =
  | { jwks: VarName }
  | { set: object }
  | { pem: string }
  | { variable: SecretName | VarName }
  | KeySource

/** How a route takes JWT access tokens of one issuer. */
export interface JwtOptions<S extends GenericSchema> {
  /** Name of the var with the issuer's URL, exactly as its tokens have it in `iss`. */
  issuer: VarName
  /** What tokens for this API name as their audience: one of these, character by character. */
  audience: string | readonly string[]
  /** Signature algorithms that are taken: the ones that the issuer uses, never `none` or shared secrets. */
  algorithms: readonly [TokenAlgorithm, ...TokenAlgorithm[]]
  /** Where the keys come from. @default the issuer's key set, found by discovery (RFC 8414) */
  keys?: TokenKeys
  /** What this kind of issuer puts into its tokens. @default RFC 9068 */
  profile?: IssuerProfile
  /** `jwt` takes tokens whose `typ` is JWT or absent. @default what the profile says, else 'at+jwt' */
  type?: 'at+jwt' | 'jwt'
  /** Checks the claims once they are verified; its output types `principal.claims`. @default all claims, as they are */
  claims?: S
  /** How far the issuer's clock may be from ours, at most `'5 m'`. @default '30 s' */
  tolerance?: Duration
  /** The longest that a token may live, from `iat` to `exp`. @default '24 h' */
  maxLifetime?: Duration
  /** Bytes of a token, from 256 to 16_384. @default 8192 */
  maxTokenBytes?: number
  /** Takes tokens under the scheme DPoP, each with a proof (RFC 9449): `dpop()`. @default only Bearer */
  dpop?: Dpop
}
