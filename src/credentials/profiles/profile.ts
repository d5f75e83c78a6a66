/**
 * What one kind of issuer puts into its access tokens, as data. To differ in one thing, spread a profile:
 * `{ ...keycloak, rolesFrom: ['resource_access', 'orders-api', 'roles'] }`.
 */
export interface IssuerProfile {
  readonly name: string
  /** What its issuer URLs look like: another one is a slip in the configuration. Undefined for any. */
  readonly issuer?: RegExp
  /** Values of the header's `typ`, in lower case and without `application/`; undefined where it may be absent. */
  readonly types: readonly (string | undefined)[]
  /** Header members of its own, which say nothing here. */
  readonly headerMembers?: readonly string[]
  /** Claims that have to be there, beside `iss`, `sub`, `exp` and `iat`; of a list one is enough. */
  readonly required: readonly (string | readonly string[])[]
  /** Claims that have to have one of these values; undefined where the claim may be absent. */
  readonly values?: Readonly<Record<string, readonly (string | undefined)[]>>
  /** Claims that no access token of it has: marks of id tokens and of events. */
  readonly refused: readonly string[]
  /** Claims that name the audience: the first of them that is there is compared. */
  readonly audienceFrom: readonly string[]
  /** Claims that name the OAuth client: the first that is there. */
  readonly clientFrom: readonly string[]
  /** Claim with the scopes, a text with single spaces or a list. */
  readonly scopesFrom?: string
  /** Path to the roles, a list or one text. */
  readonly rolesFrom?: readonly string[]
  /** Claim that names one token; without it the SHA-256 of its header and payload does. */
  readonly tokenFrom?: string
  /** Claim that names the session; without it only tokens and subjects can be revoked. */
  readonly sessionFrom?: string
  /** Where the issuer documents its tokens, and when that was read. */
  readonly source: { readonly url: string; readonly read: string }
}

/** What tells an id token (OpenID Connect Core sections 2 and 3.3.2.11) or a security event (RFC 8417, logout) from an access token. */
export const NOT_OF_ACCESS_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'] as const
