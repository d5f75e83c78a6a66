import { randomUUID } from 'node:crypto'
import {
  part,
  proof,
  type Signer,
  sha256Of,
  signer,
  thumbprintOf,
} from '../../unit/credentials/dpop/proofs.ts'
import { HOST, type TestGateway } from '../harness/gateway.ts'
import type { RawAnswer } from '../harness/raw.ts'

export const ISSUER = 'https://issuer.test/'

/** An issuer whose key is configured at the gateway. */
const issuer = signer('ES256')
export const bindings = {
  ISSUER,
  ISSUER_KEYS: JSON.stringify({ keys: [{ ...issuer.jwk, kid: 'k1', alg: 'ES256', use: 'sig' }] }),
  SEAL_KEY: 'seal-key-canary-4a4a-0123456789abcdef',
}

/** An access token of RFC 9068; `cnf` binds it. */
export function accessToken(cnf?: Record<string, unknown>, claims: Record<string, unknown> = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const head = part(JSON.stringify({ typ: 'at+jwt', alg: 'ES256', kid: 'k1' }))
  const body = part(
    JSON.stringify({
      iss: ISSUER,
      aud: 'orders-api',
      sub: 'user-1',
      client_id: 'client-1',
      iat: now,
      exp: now + 300,
      jti: randomUUID(),
      ...(cnf && { cnf }),
      ...claims,
    }),
  )
  return `${head}.${body}.${part(issuer.sign(`${head}.${body}`))}`
}

/** A client with a key of its own, and a token that is bound to it. */
export function client(by: Signer = signer('ES256')) {
  const token = accessToken({ jkt: thumbprintOf(by.jwk) })
  return {
    by,
    token,
    /** A new proof for a request; the claims that are given stand over the good ones. */
    proof: (method: string, target: string, claims: Record<string, unknown> = {}, header = {}) =>
      proof({
        by,
        header,
        claims: {
          htm: method,
          htu: `http://${HOST}${target.split('?')[0]}`,
          iat: Math.floor(Date.now() / 1000),
          jti: randomUUID(),
          ath: sha256Of(token),
          ...claims,
        },
      }),
  }
}

export type Client = ReturnType<typeof client>

/** One request with a token and a proof, each as given. */
export const call = (
  gateway: TestGateway,
  method: string,
  target: string,
  { token, proof, scheme = 'DPoP', host = HOST, headers = [], body = '{"sku":"a"}' }: Called,
): Promise<RawAnswer> =>
  gateway.call({
    method,
    target,
    host,
    headers: [
      ['Authorization', `${scheme} ${token}`],
      ...(proof === undefined ? [] : [['DPoP', proof] as [string, string]]),
      ...(method === 'GET' ? [] : [['Content-Type', 'application/json'] as [string, string]]),
      ...headers,
    ],
    ...(method !== 'GET' && { body }),
  })

interface Called {
  token: string
  proof?: string | undefined
  scheme?: string
  host?: string
  headers?: [string, string][]
  body?: string
}
