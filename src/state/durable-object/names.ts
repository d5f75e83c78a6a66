import type { DeliveryClaim } from '../state.ts'

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
  return Array.from('0123456789abcdef', (shard) => `delivery:${route}:${shard}`)
}
