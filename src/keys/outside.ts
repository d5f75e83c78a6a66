import type { Means } from '../authenticator.ts'
import { readBounded } from '../lib/bounded.ts'
import { sha256, utf8 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import { SEAL_KEY, sealingKey } from '../lib/seal.ts'
import { within } from '../lib/wait.ts'
import type { Origin } from './fetch-set.ts'
import { type Held, MAX_STALE_MS, type Memory } from './memory.ts'
import { identityOf, MAX_SEALED_BYTES, seal, unseal } from './sealed.ts'

/** A cache that is slower than this is no help. */
const CACHE_WAIT_MS = 50
const STORE_WAIT_MS = 1_000
/** An unchanged set is written to shared state no more often. */
const KEEP_EVERY_MS = 3_600_000

/** What an isolate keeps of a set outside of itself, sealed: only with a SEAL_KEY. */
export interface Outside {
  /** The Cache API of this location. */
  fromCache(): Promise<Held | undefined>
  /** What any isolate of the deployment has kept last. */
  fromStore(): Promise<Held | undefined>
  keep(held: Held, memory: Memory): Promise<void>
}

/** Undefined without a SEAL_KEY. Nothing of it rejects: what fails is a miss. */
export async function outside(origin: Origin, { env, store }: Means): Promise<Outside | undefined> {
  const key = await sealingKey(env[SEAL_KEY], 'key set')
  if (key === undefined) return undefined
  const name = encodeHex(await sha256(utf8(identityOf(origin))))
  // A name that is nobody's: the entry is reached by this Worker's cache only.
  const url = `https://keys.sallyport.invalid/${name}`
  const open = async (text: string | undefined): Promise<Held | undefined> =>
    text === undefined ? undefined : unseal(text, origin, key, Date.now())
  return {
    async fromCache() {
      const read = await within(CACHE_WAIT_MS, async () => {
        const response = await caches.default.match(url)
        const bytes = response && (await readBounded(response.body, MAX_SEALED_BYTES))
        return bytes && new TextDecoder().decode(bytes)
      })
      return read.ended === 'value' ? open(read.value) : undefined
    },
    async fromStore() {
      const read = await within(STORE_WAIT_MS, (signal) => store.recall(`keys:${name}`, signal))
      return read.ended === 'value' ? open(read.value) : undefined
    },
    async keep(held, memory) {
      const sealed = await seal(origin, held, key)
      await within(STORE_WAIT_MS, () =>
        caches.default.put(
          url,
          new Response(sealed, { headers: { 'cache-control': `max-age=${MAX_STALE_MS / 1000}` } }),
        ),
      )
      const keys = JSON.stringify(held.set.jwks)
      const { kept } = memory
      if (kept?.keys === keys && Math.abs(held.fetchedAt - kept.at) < KEEP_EVERY_MS) return
      const written = await within(STORE_WAIT_MS, (signal) =>
        store.keep(`keys:${name}`, sealed, MAX_STALE_MS, signal),
      )
      if (written.ended === 'value') memory.kept = { keys, at: held.fetchedAt }
    },
  }
}
