import type { DeliveryClaim } from '../state.ts'

const SHARDS = '0123456789abcdef'

/** The object that keeps blocks and revocations: one for the whole deployment. */
export const controlName = 'control'

/**
 * Names the object that owns a claim: 16 shards a route, by the first hex digit of the claim's key.
 * The count may never change: a claim would be looked for where it was not kept, and pass twice.
 */
export function deliveryName(claim: Pick<DeliveryClaim, 'route' | 'key'>): string {
  const shard = claim.key.slice(0, 1)
  if (!/^[0-9a-f]$/.test(shard)) throw new TypeError('the key of a delivery claim must be lower-case hex')
  return `delivery:${claim.route}:${shard}`
}

/** Names all shards of a route, for operations that do not know a claim's key. */
export function deliveryNames(route: string): string[] {
  return Array.from(SHARDS, (shard) => `delivery:${route}:${shard}`)
}

/** How many objects share the API keys. It may never change: a key would be looked for where it was not stored. */
export const API_KEY_SHARDS = SHARDS.length

/** Names the object that stores an API key, by the first hex digit of its digest. */
export function apiKeysName(digest: string): string {
  const shard = digest.slice(0, 1)
  if (!/^[0-9a-f]$/.test(shard)) throw new TypeError('the digest of an API key must be lower-case hex')
  return `apiKeys:${shard}`
}

/** Names all objects that store API keys, in the order of their digests. */
export const apiKeysNames = (): string[] => Array.from(SHARDS, apiKeysName)

/** Names the object that keeps a text: one of 16, by the first hex digit of the SHA-256 of the text's name. */
export async function textsName(name: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(name)))
  return `texts:${SHARDS.charAt((digest[0] ?? 0) >> 4)}`
}
