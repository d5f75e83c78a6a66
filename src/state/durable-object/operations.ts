import type { Operations } from '../operations.ts'
import { controlName, deliveryName, deliveryNames } from './names.ts'
import { namespaceOf } from './namespace.ts'

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
