import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { KeySource } from '../../../src/keys/index.ts'

export type Means = Parameters<KeySource['find']>[1]

/** A public key as an issuer publishes it. */
export async function publicJwk(alg: string, more: Record<string, unknown> = {}): Promise<JWK> {
  const { publicKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(publicKey)), alg, use: 'sig', kid: `${alg} key`, ...more }
}

export const SEAL_KEY = 'seal-key-canary-0123456789abcdef-0123'

/** Shared state that may be down. */
export class TestStore {
  readonly texts = new Map<string, string>()
  recalls = 0
  keeps = 0
  isDown = false

  async recall(name: string): Promise<string | undefined> {
    this.recalls++
    if (this.isDown) throw new Error('down')
    return this.texts.get(name)
  }

  async keep(name: string, text: string): Promise<void> {
    this.keeps++
    if (this.isDown) throw new Error('down')
    this.texts.set(name, text)
  }

  async findApiKey(): Promise<string | undefined> {
    return undefined
  }
}

/** What one request brings, and a wait for what goes on after its answer. */
export function testMeans({
  remainingMs = 1000,
  store = new TestStore(),
  sealKey,
}: {
  remainingMs?: number
  store?: TestStore
  sealKey?: string
} = {}) {
  const pending = new Set<Promise<unknown>>()
  const means: Means = {
    env: sealKey === undefined ? {} : { SEAL_KEY: sealKey },
    store,
    background: (promise) => {
      pending.add(promise)
      void promise.finally(() => pending.delete(promise))
    },
    remainingMs: () => remainingMs,
  }
  return {
    means,
    store,
    /** Until nothing is left to do after the answer. */
    async settled() {
      while (pending.size > 0) await Promise.all(pending)
    },
  }
}
