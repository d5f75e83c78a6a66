import type { Operations } from '../operations.ts'
import type { UpstashStateOptions } from './backend.ts'
import { Connection, credentialsOf } from './connection.ts'
import { Keys } from './keys.ts'
import { namespaceOf } from './namespace.ts'
import { lockingScripts, plainScripts } from './scripts/index.ts'

/** How many keys a page of a scan looks at: about a millisecond of the server's time. */
const PAGE = 1000
const LONGEST_KEY = 1024
const LONGEST_REASON = 200

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
  const { forget } = (options.keyLocking ?? true) ? lockingScripts : plainScripts
  const connection = new Connection(credentialsOf(env))
  const keys = new Keys(namespaceOf(env))

  async function put(key: string, subject: string, until: number, reason: string): Promise<void> {
    if (subject === '' || subject.length > LONGEST_KEY) {
      throw new TypeError(`a client or principal has 1 to ${LONGEST_KEY} characters`)
    }
    if (!Number.isSafeInteger(until) || until <= Date.now()) {
      throw new TypeError('until must be a moment to come, in milliseconds since the epoch')
    }
    // A length, not a moment: the server's clock may be another than ours.
    const px = until - Date.now()
    await connection.command((redis) => redis.set(key, `B ${reason.slice(0, LONGEST_REASON)}`, { px }))
  }
  const end = async (key: string) => (await connection.command((redis) => redis.del(key))) > 0
  const forgotten = async (names: string[], since: number) =>
    names.length === 0 ? 0 : Number(await connection.script(forget, names, [String(since)]))

  return {
    block: async (client, until, reason = '') => put(keys.block(client), client, until, reason),
    unblock: async (client) => end(keys.block(client)),
    revoke: async (principal, until, reason = '') =>
      put(await keys.revocation(principal), principal, until, reason),
    restore: async (principal) => end(await keys.revocation(principal)),
    forget: async (route, key) => (await forgotten([keys.claim({ route, key })], 0)) > 0,
    async forgetSince(route, since) {
      let count = 0
      let cursor = '0'
      do {
        const page = await connection.command((redis) =>
          redis.scan(cursor, { match: keys.claimsOf(route), count: PAGE }),
        )
        cursor = String(page[0])
        count += await forgotten(page[1].map(String), since)
      } while (cursor !== '0')
      return count
    },
  }
}
