import { decodeBase64, encodeBase64 } from '../lib/base64.ts'
import { utf8 } from '../lib/digest.ts'
import { parseJson } from '../lib/json.ts'
import { keysUrlFault } from './address.ts'
import type { Origin } from './fetch-set.ts'
import { DOCUMENT_LIMITS, readKeys } from './key-set.ts'
import { type Held, MAX_STALE_MS } from './memory.ts'

/** Of a sealed text: 64 KiB of keys, written with their algorithm, and the members around them. */
export const MAX_SEALED_BYTES = 131_072
/** The clocks of two machines may differ so much. */
const AHEAD_MS = 5_000
const MAC_CHARS = 44

/** Under what a source is known outside: its lists and addresses are part of what is sealed. */
export const identityOf = ({ issuer, jwksUrl, algorithms }: Origin): string =>
  JSON.stringify(['key set v1', issuer, jwksUrl ?? null, algorithms])

/** A set as a text that only a holder of the key could have written. */
export async function seal(origin: Origin, held: Held, key: CryptoKey): Promise<string> {
  const { set, fetchedAt, lifetimeMs, etag, address } = held
  const text = JSON.stringify({
    source: identityOf(origin),
    fetchedAt,
    lifetimeMs,
    etag: etag ?? null,
    address,
    keys: set.jwks,
  })
  return encodeBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text)))) + text
}

/** The set of a sealed text; undefined for one of another source, of another key, from the future, or too old. */
export async function unseal(
  sealed: string,
  origin: Origin,
  key: CryptoKey,
  now: number,
): Promise<Held | undefined> {
  if (sealed.length > MAX_SEALED_BYTES) return undefined
  const mac = decodeBase64(sealed.slice(0, MAC_CHARS))
  const bytes = utf8(sealed.slice(MAC_CHARS))
  if (mac?.length !== 32 || !(await crypto.subtle.verify('HMAC', key, mac, bytes))) return undefined
  const parsed = parseJson(bytes, DOCUMENT_LIMITS, { exactNumbers: false })
  if (!parsed.ok) return undefined
  const { source, fetchedAt, lifetimeMs, etag, address, keys } = Object(parsed.value)
  if (source !== identityOf(origin)) return undefined
  if (!isTime(fetchedAt) || fetchedAt > now + AHEAD_MS || now - fetchedAt > MAX_STALE_MS) return undefined
  if (!isTime(lifetimeMs) || !isTime(address?.learntAt) || !Array.isArray(keys)) return undefined
  if (keysUrlFault(address.url, origin.issuer) !== undefined) return undefined
  const read = await readKeys(keys, origin.algorithms)
  if (!read.ok) return undefined
  return {
    set: read.set,
    fetchedAt,
    lifetimeMs,
    etag: typeof etag === 'string' ? etag : undefined,
    address: { url: address.url, learntAt: address.learntAt },
  }
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value)
