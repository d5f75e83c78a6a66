import { utf8 } from '../lib/digest.ts'

/** How each algorithm signs (RFC 7518 section 3, RFC 8037): what Web Crypto takes. */
const ALGORITHMS = {
  ES256: { import: { name: 'ECDSA', namedCurve: 'P-256' }, sign: { name: 'ECDSA', hash: 'SHA-256' } },
  ES384: { import: { name: 'ECDSA', namedCurve: 'P-384' }, sign: { name: 'ECDSA', hash: 'SHA-384' } },
  EdDSA: { import: { name: 'Ed25519' }, sign: { name: 'Ed25519' } },
  RS256: { import: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, sign: { name: 'RSASSA-PKCS1-v1_5' } },
  PS256: { import: { name: 'RSA-PSS', hash: 'SHA-256' }, sign: { name: 'RSA-PSS', saltLength: 32 } },
} as const

/**
 * Signs an access token as an issuer does (RFC 9068), for tests of routes: the claims are signed as they are given, with nothing
 * added or checked. `key` is a private JWK, whose `alg` (ES256, ES384, EdDSA, RS256, PS256) and `kid` go into the header;
 * `header` adds members or replaces them. Throws a `TypeError` for a key without such an `alg`.
 * @example
 * import { signToken } from 'sallyport/testing'
 *
 * const key = { kty: 'EC', crv: 'P-256', x: '…', y: '…', d: '…', alg: 'ES256', kid: 'k1' }
 * const iat = Math.floor(Date.now() / 1000)
 * const claims = { iss: 'https://issuer.test', aud: 'orders-api', sub: 'user-1', client_id: 'app-1', jti: '1', iat, exp: iat + 300 }
 * const token = await signToken({ key, claims })
 * const request = new Request('https://gateway.test/orders', { headers: { authorization: `Bearer ${token}` } })
 */
export async function signToken(options: {
  key: JsonWebKey & { kid?: string }
  claims: Readonly<Record<string, unknown>>
  header?: Readonly<Record<string, unknown>>
}): Promise<string> {
  const { key: jwk, claims, header = {} } = options
  const algorithm = Object.entries(ALGORITHMS).find(([name]) => name === jwk.alg)?.[1]
  if (algorithm === undefined) {
    throw new TypeError(
      `signToken: key: has no alg of ${Object.keys(ALGORITHMS).join(', ')}; set it in the JWK`,
    )
  }
  const key = await crypto.subtle.importKey('jwk', { ...jwk, key_ops: ['sign'] }, algorithm.import, false, [
    'sign',
  ])
  const named = { alg: jwk.alg, typ: 'at+jwt', ...(jwk.kid !== undefined && { kid: jwk.kid }) }
  const text = `${encode(utf8(JSON.stringify({ ...named, ...header })))}.${encode(utf8(JSON.stringify(claims)))}`
  return `${text}.${encode(new Uint8Array(await crypto.subtle.sign(algorithm.sign, key, utf8(text))))}`
}

/** Base64url without padding (RFC 7515 section 2). */
const encode = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
