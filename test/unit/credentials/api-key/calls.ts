import type { Means } from '../../../../src/authenticator.ts'
import type { Env, Identified } from '../../../../src/contract.ts'
import type { CredentialAuthenticator } from '../../../../src/credentials/engine.ts'
import type { Principal } from '../../../../src/principals.ts'
import type { Store } from '../../../../src/state/store.ts'

export const NOW = Date.parse('2026-11-22T09:00:00Z')
export const SECRET = 'checksum-secret-of-the-unit-tests-0001'

/** What stages know of a request that brings these headers. */
export function factsOf(headers: Record<string, string>, now = NOW): Identified {
  const client = { address: undefined, key: undefined, country: undefined, asn: undefined }
  const request = new Request('https://gw.test/x', { headers })
  const place = { method: 'GET', host: 'gw.test', scheme: 'https', path: '/x', search: '' } as const
  return { id: '', request, headers: new Map(request.headers), now, ...place, params: {}, client }
}

/** A store of the tests' own: answers what it is given, and counts. */
export function storeOf(texts: Record<string, string> | (() => Promise<string | undefined>)) {
  const asked: string[] = []
  const store: Store = {
    recall: async () => undefined,
    keep: async () => {},
    async findApiKey(digest) {
      asked.push(digest)
      return typeof texts === 'function' ? texts() : texts[digest]
    },
  }
  return { store, asked }
}

export interface Asked {
  headers: Record<string, string>
  now?: number
  env?: Env
  store?: Store
  remainingMs?: number
}

/** What an authenticator says of a request: what is proven, or the denial. */
export async function ask<P extends Principal>(
  authenticator: CredentialAuthenticator<P>,
  { headers, now = NOW, env = { CHECKSUM: SECRET }, store = storeOf({}).store, remainingMs = 1000 }: Asked,
) {
  const inspected = authenticator.inspect(factsOf(headers, now), env)
  if (!inspected.ok) return inspected
  const background: Promise<unknown>[] = []
  const means: Means = {
    env,
    store,
    background: (promise) => void background.push(promise),
    remainingMs: () => remainingMs,
  }
  return inspected.value(undefined, means)
}

/** A denial as code and reason, or who was let in. */
export const outcome = (result: Awaited<ReturnType<typeof ask>>): string =>
  result.ok ? `in: ${result.value.principal.id}` : `${result.denial.code}: ${result.denial.reason}`
