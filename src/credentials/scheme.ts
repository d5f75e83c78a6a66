import type { ChallengeScheme, NamedVar, Verify } from '../authenticator.ts'
import type { Env, Identified, Result } from '../contract.ts'
import type { Principal } from '../principals.ts'

/** A place of a request where a credential stands. */
export type Place =
  /** The Authorization header, under a scheme's name in lower case. */
  | { in: 'authorization'; scheme: string }
  /** A header of its own, by its name in lower case. */
  | { in: 'header'; name: string }
  /** The TLS client certificate, as Cloudflare tells of it. */
  | { in: 'certificate' }

/** A credential as a request brings it: one text at one place. */
export interface Presented {
  place: Place
  /** The text without the scheme's name; empty for a certificate. */
  text: string
}

/** One kind of credential: the engine finds it in the request, the scheme says what it is worth. */
export interface CredentialScheme<P extends Principal = Principal> {
  /** In the record and in messages: `jwt`, `api key`. */
  readonly name: string
  readonly kind: P['kind']
  /** Names of the Worker secrets that it needs. */
  readonly secrets: readonly string[]
  readonly places: readonly Place[]
  readonly challenges: readonly ChallengeScheme[]
  /** Names of the vars that hold its issuers, for the resource's metadata (RFC 9728). */
  readonly issuers?: readonly string[]
  /** Other vars that it reads, for the check before a deployment. */
  readonly vars?: readonly NamedVar[]
  /** Takes whatever text no other kind is known by: it stands last in `oneOf`. @default false */
  readonly catchesAll?: boolean
  /** Takes access tokens that are bound to a client certificate (RFC 8705). @default false */
  readonly certificateBound?: boolean
  /**
   * Whether a text at one of its places is one of its own, by its shape or by the issuer that it names: schemes of one route
   * may share a place, and the first that says so decides. Costs no crypto and no call.
   */
  readonly takes: (presented: Presented, env: Env) => boolean
  /**
   * Whether a text that no scheme of the route takes may be one of its own, which it cannot tell: since it is too long, or the
   * scheme is not configured. It then inspects the text, and refuses it with that reason. @default never
   */
  readonly mayTake?: (presented: Presented, env: Env) => boolean
  /** Refuses what needs no key and no call: size, form, what is out of date. */
  readonly inspect: (presented: Presented, facts: Identified, env: Env) => Result<Verify<P>>
}
