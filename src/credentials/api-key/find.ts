import type { Means } from '../../authenticator.ts'
import { allow, type Denial, deny, type Result } from '../../contract.ts'
import { type Answer, type Lookups, lookups } from '../lookups.ts'
import { keyList } from './list.ts'
import type { ApiKeyOptions } from './options.ts'
import { type KeyRecord, parseKeyRecord } from './record.ts'

export interface FoundKey {
  record: KeyRecord
  /** What the operator should mend. */
  warnings: readonly Denial[]
}

/** Finds the record of a key by its digest; `isOwn`: its checksum was right, so that it is no stranger's invention. */
export type Find = (
  digest: string,
  now: number,
  isOwn: boolean,
  means: Means,
) => Result<FoundKey> | Promise<Result<FoundKey>>

/** A key that is unknown may be one that was made this second: it is asked for again soon. */
const UNKNOWN_MS = 5000
const notKnown = deny('credential_refused', 'no such key is known')

export function finder(keys: ApiKeyOptions['keys'], cacheMs: number): Find {
  if (keys === 'state') return findInState({ knownMs: cacheMs, unknownMs: UNKNOWN_MS })
  const listFrom = keyList(keys.secret)
  return function find(digest, _now, _isOwn, { env }) {
    const list = listFrom(env)
    if (!list.ok) return list
    const record = list.value.records.get(digest)
    return record ? allow({ record, warnings: list.value.warnings }) : notKnown
  }
}

type Store = Means['store']

interface Memories {
  own: Lookups<KeyRecord>
  imported: Lookups<KeyRecord>
}

/** One memory for all routes that ask one store. */
const memories = new WeakMap<Store, Memories>()

function memoriesOf(store: Store): Memories {
  const held = memories.get(store)
  if (held) return held
  const made = {
    // Who has many keys with a checksum was given them: what bounds strangers does not have to bound a cold isolate.
    own: lookups<KeyRecord>({ maxInFlight: 500, missesPerSecond: 20, backsOff: false }),
    imported: lookups<KeyRecord>({ maxInFlight: 20, missesPerSecond: 20, backsOff: false }),
  }
  memories.set(store, made)
  return made
}

function findInState(ages: { knownMs: number; unknownMs: number }): Find {
  return async function find(digest, now, isOwn, means) {
    const { store } = means
    const memory = memoriesOf(store)[isOwn ? 'own' : 'imported']
    const found = await memory.find(digest, now, ages, means, async (signal) =>
      answerOf(await store.findApiKey(digest, signal), digest),
    )
    if (found.found === 'known') return allow({ record: found.value, warnings: [] })
    if (found.found === 'unknown') return deny('credential_refused', found.reason)
    const { reason, retryAfterSeconds } = found
    return deny('issuer_unavailable', `API keys in shared state: ${reason}`, { retryAfterSeconds })
  }
}

function answerOf(text: string | undefined, digest: string): Answer<KeyRecord> {
  if (text === undefined) return { unknown: notKnown.denial.reason }
  const read = parseKeyRecord(text)
  if (!read.ok) return { unknown: 'what is stored of the key is broken: revoke it and make a new one' }
  if (read.record.digest !== digest) return { unknown: 'what is stored under the key is of another key' }
  return { known: read.record, bytes: text.length }
}
