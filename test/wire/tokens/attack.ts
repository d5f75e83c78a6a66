import { expect } from 'vitest'
import {
  encodePart,
  headerOf,
  makeSigner,
  type Part,
  type Signer,
  signToken,
} from '../../unit/credentials/jwt/signer.ts'
import { problem, startGateway, type TestGateway } from '../harness/gateway.ts'
import type { RawAnswer } from '../harness/raw.ts'
import { startIssuer, type TestIssuer } from './issuer.ts'

export interface Rig {
  gateway: TestGateway
  issuer: TestIssuer
  /** Another issuer, whose key has the same `kid`. */
  other: TestIssuer
  key: Signer
  otherKey: Signer
  rsa: Signer
  p384: Signer
  ed: Signer
  claims(changes?: Readonly<Record<string, unknown>>): Record<string, unknown>
  token(changes?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string
  /** A token of raw parts, signed by the first key. */
  raw(header: Part, claims: Part): string
  get(token: string, path?: string, headers?: [string, string][]): Promise<RawAnswer>
  /** Sends it and expects the one refusal, with nothing at the origin and nothing of it in answer or record. */
  refused(token: string, path?: string): Promise<string>
  close(): Promise<void>
}

/** Keys that the issuer publishes although none of them may verify a token. */
export const unfit = {
  encryption: makeSigner('ES256', 'unfit-use'),
  operations: makeSigner('ES256', 'unfit-ops'),
  mismatch: makeSigner('RS256', 'unfit-alg'),
  short: makeSigner('RS256', 'unfit-short', 1024),
  exponent: makeSigner('RS256', 'unfit-exponent'),
}

export async function startRig(): Promise<Rig> {
  const key = makeSigner('ES256', 'k1')
  const otherKey = makeSigner('ES256', 'k1')
  const rsa = makeSigner('RS256', 'rsa')
  const p384 = makeSigner('ES384', 'p384')
  const ed = makeSigner('EdDSA', 'ed')
  const issuer = await startIssuer([
    ...[key, rsa, p384, ed].map(({ jwk }) => jwk),
    { ...unfit.encryption.jwk, use: 'enc' },
    { ...unfit.operations.jwk, use: undefined, key_ops: ['encrypt'] },
    { ...unfit.mismatch.jwk, alg: 'PS256' },
    unfit.short.jwk,
    { ...unfit.exponent.jwk, e: 'AQ' },
  ])
  const other = await startIssuer([otherKey.jwk])
  const gateway = await startGateway({
    entry: 'test/wire/workers/tokens.ts',
    bindings: { TOKEN_ISSUER: issuer.url, OTHER_ISSUER: other.url },
  })
  let serial = 0
  const claims: Rig['claims'] = (changes = {}) => {
    const now = Math.floor(Date.now() / 1000)
    return {
      iss: issuer.url,
      aud: 'orders-api',
      sub: 'subject-canary-17',
      client_id: 'app-1',
      jti: `jti-${++serial}`,
      iat: now - 10,
      exp: now + 3600,
      scope: 'orders:read',
      tenant: 'acme',
      ...changes,
    }
  }
  const get: Rig['get'] = (token, path = '/orders', headers = []) =>
    gateway.call({ target: path, headers: [['Authorization', `Bearer ${token}`], ...headers] })
  return {
    gateway,
    issuer,
    other,
    key,
    otherKey,
    rsa,
    p384,
    ed,
    claims,
    token: (changes, header) => signToken(key, headerOf(key, header), claims(changes)),
    raw: (header, payload) => signToken(key, header, payload),
    get,
    async refused(token, path) {
      const hits = gateway.origin.requests.length
      const answer = await get(token, path)
      expect(answer.status).toBe(401)
      expect(problem(answer).code).toBe('credential_refused')
      expect(answer.headers.get('www-authenticate')?.join()).toMatch(/error="invalid_token"/)
      expect(gateway.origin.requests.length).toBe(hits)
      const record = await gateway.recordOf(answer)
      const told = `${answer.head}${answer.text}${JSON.stringify(record)}`
      for (const part of token.split('.')) if (part.length > 8) expect(told).not.toContain(part)
      expect(told).not.toContain('canary')
      return String(record.reason)
    },
    async close() {
      await gateway.close()
      await issuer.close()
      await other.close()
    },
  }
}

export { encodePart, headerOf, makeSigner, signToken }
