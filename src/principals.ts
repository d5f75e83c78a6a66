/** The authenticated party. `id` is `issuer|subject` and never leaves the gateway unhashed. */
export interface Principal {
  kind: 'webhook' | 'token' | 'apiKey' | 'certificate' | 'anonymous'
  id: string
}

export interface WebhookPrincipal extends Principal {
  kind: 'webhook'
  provider: string
  /** The declared event, where the provider names it outside the signed body. */
  event?: string
  /**
   * What of the body the signature covers. `part`: only the fields in `signed`. `nothing`: the caller knew a shared token or
   * an address, and whoever reads that can send any body.
   */
  covers: 'body' | 'part' | 'nothing'
  /** Where a part is covered, its fields by name: what a decision may rest on. */
  signed?: Readonly<Record<string, string>>
}

/** What is verified about a caller, by the names of the credential: frozen, and typed by the credential's `claims` schema. */
export type Claims = Readonly<Record<string, unknown>>

/** A caller with an access token, a JWT or an opaque one. */
export interface TokenPrincipal<C = Claims> extends Principal {
  kind: 'token'
  /** The configured issuer that the token is from. */
  issuer: string
  sub: string
  /** The OAuth client that the token was given to, where the token says. */
  clientId: string | undefined
  scopes: readonly string[]
  roles: readonly string[]
  claims: C
}

/** A caller with an API key of its own. */
export interface ApiKeyPrincipal<C = Claims> extends Principal {
  kind: 'apiKey'
  /** Names the key, not its text: what was stored of it when it was given out. */
  keyId: string
  scopes: readonly string[]
  roles: readonly string[]
  /** What was stored with the key. */
  claims: C
}

/** A caller with a client certificate that Cloudflare has verified. */
export interface CertificatePrincipal extends Principal {
  kind: 'certificate'
  /** Lower-case hex SHA-256 of the certificate's DER bytes. */
  fingerprint: string
  /** The subject's distinguished name, RFC 2253. */
  subject: string
  scopes: readonly string[]
  roles: readonly string[]
  claims: Claims
}

export interface AnonymousPrincipal extends Principal {
  kind: 'anonymous'
}
