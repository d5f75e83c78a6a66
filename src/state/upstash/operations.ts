import {
  API_KEYS_A_PAGE,
  type ApiKeyPage,
  type ApiKeyRecord,
  checkApiKey,
  checkRefusal,
  LONGEST_REASON,
  MOST_API_KEYS,
  type Operations,
} from '../operations.ts'
import { StateError } from '../state.ts'
import type { UpstashStateOptions } from './backend.ts'
import { Connection, credentialsOf } from './connection.ts'
import { Keys } from './keys.ts'
import { namespaceOf } from './namespace.ts'
import { lockingScripts, plainScripts } from './scripts/index.ts'

/** How many keys a page of a scan looks at: about a millisecond of the server's time. */
const PAGE = 1000

/**
 * Operations on the Upstash backend; the same bindings as `upstashState`, the same `TypeError`. A block or revocation holds
 * from the next request on; `forgetSince` scans the whole database.
 *
 * @example
 * import { env } from 'cloudflare:workers'
 * import { upstashOperations } from 'sallyport/upstash'
 *
 * const operations = upstashOperations({ ...env })
 * await operations.block('192.0.2.7', Date.now() + 3_600_000, 'credential stuffing')
 */
export function upstashOperations(
  env: Readonly<Record<string, unknown>>,
  options: UpstashStateOptions = {},
): Operations {
  const scripts = (options.keyLocking ?? true) ? lockingScripts : plainScripts
  const connection = new Connection(credentialsOf(env))
  const keys = new Keys(namespaceOf(env))

  async function refuse(
    key: string,
    until: number,
    before: number | undefined,
    reason: string,
  ): Promise<void> {
    // A length, not a moment: the server's clock may be another than ours.
    const args = [String(until - Date.now()), String(before ?? '-'), reason.slice(0, LONGEST_REASON)]
    await connection.script(scripts.refuse, [key], args)
  }
  const end = async (key: string) => Number(await connection.command(['del', key])) > 0
  const forgotten = async (names: string[], since: number) =>
    names.length === 0 ? 0 : Number(await connection.script(scripts.forget, names, [String(since)]))

  return {
    async block(client, until, reason = '') {
      checkRefusal(client, until, Date.now())
      await refuse(keys.block(client), until, undefined, reason)
    },
    unblock: async (client) => end(keys.block(client)),
    async revoke(name, until, { issuedBefore, reason = '' } = {}) {
      checkRefusal(name, until, Date.now(), issuedBefore)
      await refuse(await keys.revocation(name), until, issuedBefore, reason)
    },
    restore: async (name) => end(await keys.revocation(name)),
    forget: async (route, key) => (await forgotten([keys.claim({ route, key })], 0)) > 0,
    async forgetSince(route, since) {
      let count = 0
      let cursor = '0'
      do {
        const scan = ['match', keys.claimsOf(route), 'count', String(PAGE)]
        const [next, names] = scanned(await connection.command(['scan', cursor, ...scan]))
        cursor = next
        count += await forgotten(names, since)
      } while (cursor !== '0')
      return count
    },
    async putApiKey(record) {
      checkApiKey(record)
      const args = [record.digest, record.id, record.text, String(MOST_API_KEYS)]
      const stored = await connection.script(scripts.putApiKey, keys.apiKeys, args)
      if (stored !== 1 && stored !== 2)
        throw new RangeError(`${MOST_API_KEYS} API keys are kept: remove some before adding more`)
      return stored === 1
    },
    async findApiKeys(by) {
      const [records, ids] = keys.apiKeys
      const hget = async (key: string, field: string): Promise<string | undefined> => {
        const value = await connection.command(['hget', key, field])
        return value === null ? undefined : String(value)
      }
      const digest = 'id' in by ? await hget(ids, by.id) : by.digest
      const stored = digest === undefined ? undefined : await hget(records, digest)
      return digest === undefined || stored === undefined ? [] : [recordOf(digest, stored)]
    },
    async listApiKeys(cursor = '0') {
      if (!/^[0-9]{1,20}$/.test(cursor)) throw new TypeError('the cursor is none that a page came with')
      const [records] = keys.apiKeys
      const scan = ['count', String(API_KEYS_A_PAGE)]
      return pageOf(scanned(await connection.command(['hscan', records, cursor, ...scan])))
    },
    removeApiKey: async (id) => (await connection.script(scripts.removeApiKey, keys.apiKeys, [id])) === 1,
  }
}

/** What is stored of a digest is `<id> <record>`. */
function recordOf(digest: string, stored: string): ApiKeyRecord {
  const [, id, text] = /^(\S+) ([\s\S]*)$/.exec(stored) ?? []
  if (id === undefined || text === undefined) throw new StateError('answer not understood')
  return { id, digest, text }
}

/** What SCAN and HSCAN answer: where the next page begins, and the texts of this one. */
function scanned(reply: unknown): [next: string, texts: string[]] {
  const [next, texts]: unknown[] = Array.isArray(reply) ? reply : []
  if (!Array.isArray(texts)) throw new StateError('answer not understood')
  return [String(next), texts.map(String)]
}

/** Fields and values take turns in what HSCAN answers. */
function pageOf([next, texts]: [next: string, texts: string[]]): ApiKeyPage {
  const records: ApiKeyRecord[] = []
  for (let i = 0; i < texts.length; i += 2) records.push(recordOf(texts[i] ?? '', texts[i + 1] ?? ''))
  return { records, ...(next !== '0' && { cursor: next }) }
}
