import { type ApiKeyPage, checkApiKey, MOST_API_KEYS, type Operations } from '../operations.ts'
import { apiKeysName, apiKeysNames, controlName, deliveryName, deliveryNames } from './names.ts'
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

  /** On every shard but for the key itself, should it be there: a key that is made anew has another digest. */
  async function remove(id: string, except?: string): Promise<boolean> {
    const removals = apiKeysNames().map(async (name) => objects.getByName(name).removeApiKey(id, except))
    return (await Promise.all(removals)).includes(true)
  }

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
      const isStored = await objects.getByName(apiKeysName(record.digest)).putApiKey(record)
      if (!isStored)
        throw new RangeError(`${MOST_API_KEYS} API keys are kept: remove some before adding more`)
      await remove(record.id, record.digest)
    },
    listApiKeys: (cursor = '0') => page(objects, cursor),
    removeApiKey: (id) => remove(id),
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
