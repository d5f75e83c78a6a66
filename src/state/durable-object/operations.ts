import { type ApiKeyPage, checkApiKey, MOST_API_KEYS, type Operations } from '../operations.ts'
import { apiKeysName, apiKeysNames, controlName, deliveryName, deliveryNames } from './names.ts'
import { namespaceOf } from './namespace.ts'
import type { SallyportState } from './object.ts'

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

  const shardOf = (digest: string) => objects.getByName(apiKeysName(digest))
  /** An id says nothing of the shard: all are asked. */
  const every = <T>(ask: (shard: DurableObjectStub<SallyportState>) => Promise<T>): Promise<T[]> =>
    Promise.all(apiKeysNames().map((name) => ask(objects.getByName(name))))

  return {
    block: async (client, until, reason) => control().block(client, until, reason),
    unblock: async (client) => control().unblock(client),
    revoke: async (name, until, { issuedBefore, reason } = {}) =>
      control().revoke(name, until, reason, issuedBefore),
    restore: async (name) => control().restore(name),
    forget: async (route, key) => objects.getByName(deliveryName({ route, key })).forget(key),
    async forgetSince(route, since) {
      const counts = deliveryNames(route).map(async (name) => objects.getByName(name).forgetSince(since))
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
    },
    async putApiKey(record) {
      checkApiKey(record)
      const { id, digest } = record
      const turn = 1 + Math.max(...(await every(async (shard) => shard.apiKeyTurn(id))))
      const put = await shardOf(digest).putApiKey(record, turn)
      if (put === 'taken') return false
      if (put === 'full')
        throw new RangeError(`${MOST_API_KEYS} API keys are kept: remove some before adding more`)
      const newer = await every(async (shard) => shard.yieldApiKeys(id, { turn, digest }))
      // Somebody has stored another key under the id meanwhile: this one is what it replaces.
      for (const each of newer) if (each !== undefined) await shardOf(digest).yieldApiKeys(id, each)
      return true
    },
    async findApiKeys(by) {
      if ('digest' in by) return shardOf(by.digest).namedApiKeys(by)
      return (await every(async (shard) => shard.namedApiKeys(by))).flat()
    },
    listApiKeys: (cursor = '0') => page(objects, cursor),
    removeApiKey: async (id) => (await every(async (shard) => shard.removeApiKey(id))).includes(true),
  }
}

/** A page from the shard of the digest that the cursor is, or from the next one that has any. */
async function page(objects: ReturnType<typeof namespaceOf>, cursor: string): Promise<ApiKeyPage> {
  if (!/^[0-9a-f]{1,64}$/.test(cursor)) throw new TypeError('the cursor is none that a page came with')
  const names = apiKeysNames()
  for (const name of names.slice(names.indexOf(apiKeysName(cursor)))) {
    const records = await objects.getByName(name).listApiKeys(cursor)
    const last = records.at(-1)
    if (last !== undefined) return { records, cursor: last.digest }
  }
  return { records: [] }
}
