/**
 * Under which names credentials are revoked: what a credential proves about itself, and what an operator names, are one
 * text. An issuer is a URL, so that no name of one kind is one of another.
 */
export const revocable = {
  /** Every token of a subject; the id of its principal. */
  subject: (issuer: string, sub: string): string => `${issuer}|${sub}`,
  /** One token, by its `jti` or what stands in for it. */
  token: (issuer: string, jti: string): string => `jti:${issuer}|${jti}`,
  /** Every token of a session (`sid`). */
  session: (issuer: string, sid: string): string => `sid:${issuer}|${sid}`,
  /** Every token of an issuer: as a rule those issued before a moment. */
  issuer: (issuer: string): string => `iss:${issuer}`,
  /** One API key, by its id; the id of its principal. */
  apiKey: (keyId: string): string => `apiKey|${keyId}`,
  /** One API key by the hash that it is known by, under whatever id it is stored. */
  apiKeyDigest: (digest: string): string => `apiKeyDigest|${digest}`,
  /** One client certificate, by its fingerprint; the id of its principal. */
  certificate: (fingerprint: string): string => `certificate|${fingerprint}`,
} as const
