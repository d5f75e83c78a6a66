import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Identified, Result } from '../../../../src/contract.ts'
import type { DpopOptions } from '../../../../src/credentials/dpop/index.ts'
import { inspectProof, type Proof } from '../../../../src/credentials/dpop/inspect.ts'
import { compileRules } from '../../../../src/credentials/dpop/options.ts'

/** The moment of every proof here, in seconds. */
export const NOW = 1_900_000_000
export const TOKEN = 'header.claims.signature'
export const URL = 'https://api.example.com/tenants/acme/orders'

/** Signs with a key by the algorithm's name, with node:crypto: nothing of it is the code under test. */
export interface Signer {
  alg: string
  jwk: Record<string, unknown>
  sign(text: string): Buffer
}

export function signer(alg: string, pair = pairFor(alg)): Signer {
  const hash = alg.startsWith('Ed') ? undefined : `sha${alg.slice(2)}`
  const options = alg.startsWith('ES')
    ? { dsaEncoding: 'ieee-p1363' as const }
    : alg.startsWith('PS')
      ? { padding: 6, saltLength: Number(alg.slice(2)) / 8 }
      : {}
  return {
    alg,
    jwk: pair.publicKey.export({ format: 'jwk' }) as Record<string, unknown>,
    sign: (text) => sign(hash, Buffer.from(text), { key: pair.privateKey, ...options }),
  }
}

const CURVES: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

export function pairFor(alg: string, modulusLength = 2048): { publicKey: KeyObject; privateKey: KeyObject } {
  if (alg.startsWith('Ed')) return generateKeyPairSync('ed25519')
  const namedCurve = CURVES[alg]
  return namedCurve === undefined
    ? generateKeyPairSync('rsa', { modulusLength })
    : generateKeyPairSync('ec', { namedCurve })
}

export const es256 = signer('ES256')

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** RFC 7638, written apart from the code under test. */
export function thumbprintOf(jwk: Record<string, unknown>): string {
  const names = { EC: ['crv', 'kty', 'x', 'y'], OKP: ['crv', 'kty', 'x'], RSA: ['e', 'kty', 'n'] }[
    String(jwk.kty)
  ]
  return sha256Of(`{${names?.map((name) => `"${name}":"${jwk[name]}"`).join(',')}}`)
}

export const part = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url')

export interface Wanted {
  by?: Signer
  /** Members over the good ones; `undefined` takes one away. */
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  /** In place of the JSON text. */
  rawHeader?: string | Uint8Array
  rawClaims?: string | Uint8Array
}

/** A proof that is good but for what is wanted otherwise. */
export function proof({ by = es256, header, claims, rawHeader, rawClaims }: Wanted = {}): string {
  const good = {
    htm: 'POST',
    htu: URL,
    iat: NOW,
    jti: 'a-jti',
    ath: sha256Of(TOKEN),
  }
  const head = part(rawHeader ?? JSON.stringify({ typ: 'dpop+jwt', alg: by.alg, jwk: by.jwk, ...header }))
  const body = part(rawClaims ?? JSON.stringify({ ...good, ...claims }))
  return `${head}.${body}.${part(by.sign(`${head}.${body}`))}`
}

/** The facts of a request that carries such a DPoP header. */
export function facts(dpop: string | undefined, more: Partial<Identified> = {}): Identified {
  return {
    id: 'an-id',
    request: new Request(URL, { method: 'POST' }) as unknown as Request,
    headers: new Map(dpop === undefined ? [] : [['dpop', dpop]]),
    now: NOW * 1000,
    method: 'POST',
    host: 'api.example.com',
    scheme: 'https',
    path: '/tenants/acme/orders',
    search: '',
    params: {},
    client: { address: undefined, key: undefined, country: undefined, asn: undefined },
    ...more,
  } as Identified
}

export const inspect = (dpop: string | undefined, given: DpopOptions = {}, more: Partial<Identified> = {}) =>
  inspectProof(facts(dpop, more), compileRules(given))

/** `accepted`, or code and reason. */
export const verdict = (result: Result<unknown>): string =>
  result.ok ? 'accepted' : `${result.denial.code}: ${result.denial.reason}`

export function inspected(dpop: string, given: DpopOptions = {}, more: Partial<Identified> = {}): Proof {
  const result = inspect(dpop, given, more)
  if (!result.ok) throw new Error(result.denial.reason)
  return result.value
}
