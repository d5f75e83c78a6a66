import { randomBytes } from 'node:crypto'
import { startRedisFront } from './redis/front.ts'
import { startRedis } from './redis/server.ts'

/** The database of a playground that was started with `--redis`; it is gone when the playground ends. */
export interface Database {
  /** What the Worker needs to use it as its shared state. */
  vars: Readonly<Record<string, string>>
  /** Such as `7.0.15`. */
  version: string
  url: string
  /** How many HTTP calls it has answered. */
  calls(): number
  close(): Promise<void>
}

/**
 * Starts a real redis-server behind Upstash's protocol.
 * @throws {StartError} in one line where there is no redis-server.
 */
export async function startDatabase(): Promise<Database> {
  const redis = await startRedis()
  // On a command line others can read it; it opens nothing but this database, and only from this machine.
  const token = randomBytes(24).toString('base64url')
  const front = await startRedisFront({ socketPath: redis.socketPath, token })
  return {
    version: redis.version,
    url: front.url,
    calls: () => front.calls.length,
    vars: {
      STATE: 'upstash',
      STATE_NAMESPACE: 'playground',
      UPSTASH_REDIS_REST_URL: front.url,
      UPSTASH_REDIS_REST_TOKEN: token,
    },
    async close() {
      await front.close()
      await redis.stop()
    },
  }
}
