import { controlName, deliveryName, deliveryNames } from './names.ts'
import { namespaceOf } from './namespace.ts'

/** What an operator changes in shared state by hand. Moments are milliseconds since the epoch. */
export interface Operations {
  /** Refuses a client (its exact client key) until `until`; every isolate knows within 2 s. */
  block(client: string, until: number, reason?: string): Promise<void>
  /** Ends a block; false when there was none. */
  unblock(client: string): Promise<boolean>
  /** Refuses a principal (`issuer|subject`) until `until`; every isolate knows within 2 s. */
  revoke(principal: string, until: number, reason?: string): Promise<void>
  /** Ends a revocation; false when there was none. */
  restore(principal: string): Promise<boolean>
  /** Lets a delivery that is done pass again (`key` as in its claim); false when it is not done. */
  forget(route: string, key: string): Promise<boolean>
  /** Lets every delivery of the route that was done since `since` pass again; how many. */
  forgetSince(route: string, since: number): Promise<number>
}

/**
 * Operations on the Durable Object backend; the same binding as `durableObjectState`, the same `TypeError`.
 *
 * @example
 * import { env } from 'cloudflare:workers'
 * import { durableObjectOperations } from 'sallyport/durable-object'
 *
 * const operations = durableObjectOperations({ ...env })
 * await operations.block('192.0.2.7', Date.now() + 3_600_000, 'credential stuffing')
 */
export function durableObjectOperations(
  env: Readonly<Record<string, unknown>>,
  binding = 'SALLYPORT_STATE',
): Operations {
  const objects = namespaceOf(env, binding)
  const control = () => objects.getByName(controlName)
  return {
    block: async (client, until, reason) => control().block(client, until, reason),
    unblock: async (client) => control().unblock(client),
    revoke: async (principal, until, reason) => control().revoke(principal, until, reason),
    restore: async (principal) => control().restore(principal),
    forget: async (route, key) => objects.getByName(deliveryName({ route, key })).forget(key),
    async forgetSince(route, since) {
      const counts = deliveryNames(route).map(async (name) => objects.getByName(name).forgetSince(since))
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
    },
  }
}
