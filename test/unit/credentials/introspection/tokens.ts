import type { Means } from '../../../../src/authenticator.ts'
import type { Env } from '../../../../src/contract.ts'
import type { CredentialAuthenticator } from '../../../../src/credentials/engine.ts'
import { opaqueToken } from '../../../../src/credentials/introspection/index.ts'
import type { TokenPrincipal } from '../../../../src/principals.ts'
import { factsOf, NOW } from '../api-key/calls.ts'

export const ISSUER = 'https://id.example.com/'
export const SECONDS = NOW / 1000

export const names = {
  introspection: 'URL',
  clientId: 'CLIENT',
  clientSecret: 'SECRET',
  issuer: 'ISSUER',
  audience: 'orders-api',
} as const

export const route = (more: object = {}): CredentialAuthenticator<TokenPrincipal> =>
  opaqueToken({ ...names, ...more } as never)

/** An answer in which nothing is wrong. */
export const active = (more: object = {}) => ({
  active: true,
  iss: ISSUER,
  sub: 'ann',
  aud: ['orders-api', 'other'],
  client_id: 'mobile',
  scope: 'orders:read orders:write',
  iat: SECONDS - 60,
  exp: SECONDS + 3600,
  jti: 'token-1',
  ...more,
})

let clients = 0
/** Bindings with a client of their own: what is remembered belongs to one endpoint and client. */
export const envOf = (url: string, more: Env = {}): Env => ({
  URL: url,
  CLIENT: `client-${++clients}`,
  SECRET: 'secret-1',
  ISSUER,
  ...more,
})

export interface Use {
  env: Env
  token?: string
  now?: number
  by?: CredentialAuthenticator<TokenPrincipal>
  remainingMs?: number
  headers?: Record<string, string>
}

export async function use({
  env,
  token = 'opaque-1',
  now = NOW,
  by = shared,
  remainingMs = 5000,
  headers,
}: Use) {
  const inspected = by.inspect(factsOf(headers ?? { authorization: `Bearer ${token}` }, now), env)
  if (!inspected.ok) return inspected
  const means: Means = {
    env,
    store: undefined as never,
    background: (promise) => void promise,
    remainingMs: () => remainingMs,
  }
  return inspected.value(undefined, means)
}

const shared = route()

export const outcome = (result: Awaited<ReturnType<typeof use>>): string =>
  result.ok ? `in: ${result.value.principal.id}` : `${result.denial.code}: ${result.denial.reason}`
