import { randomUUID } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** What `POST /token` signs with. */
export const ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256'] as const

export type Algorithm = (typeof ALGORITHMS)[number]

export const isAlgorithm = (text: unknown): text is Algorithm =>
  ALGORITHMS.some((algorithm) => algorithm === text)

/** What a token that has ended was good for, from its `iat` on. */
const ENDED_SECONDS = 300

interface SigningKey {
  privateKey: CryptoKey
  jwk: JWK
}

/** One generation of the issuer's keys: ES256 from the start, the others from their first use. */
export class TokenFactory {
  readonly #keys = new Map<Algorithm, Promise<SigningKey>>()
  readonly #published: JWK[] = []

  static async create(): Promise<TokenFactory> {
    const factory = new TokenFactory()
    await factory.#keyFor('ES256')
    return factory
  }

  keySet(): { keys: readonly JWK[] } {
    return { keys: this.#published }
  }

  /** A token with `claims` merged over those that the playground's order route accepts. */
  async issue(
    issuer: string,
    options: { claims: Readonly<Record<string, unknown>>; alg: Algorithm; ttlSeconds: number },
  ): Promise<string> {
    const { privateKey, jwk } = await this.#keyFor(options.alg)
    const now = Math.floor(Date.now() / 1000)
    const exp = now + options.ttlSeconds
    const claims = {
      iss: issuer,
      aud: 'orders-api',
      sub: 'playground-user',
      client_id: 'playground-app',
      // A token that has ended was good before: one that ends before it begins is refused for that.
      iat: options.ttlSeconds > 0 ? now : exp - ENDED_SECONDS,
      exp,
      jti: randomUUID(),
      tenant: 'acme',
      scope: 'orders:write',
      ...options.claims,
    }
    // RFC 9068 section 2.1 names the type of access tokens.
    const header = { alg: options.alg, kid: jwk.kid ?? '', typ: 'at+jwt' }
    return new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
  }

  #keyFor(alg: Algorithm): Promise<SigningKey> {
    const key = this.#keys.get(alg) ?? this.#makeKey(alg)
    this.#keys.set(alg, key)
    return key
  }

  async #makeKey(alg: Algorithm): Promise<SigningKey> {
    const { publicKey, privateKey } = await generateKeyPair(alg)
    const jwk: JWK = { ...(await exportJWK(publicKey)), kid: randomUUID(), alg, use: 'sig' }
    this.#published.push(jwk)
    return { privateKey, jwk }
  }
}
