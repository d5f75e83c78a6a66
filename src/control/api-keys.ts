import { allow, deny, type Result } from '../contract.ts'
import { type KeyRecord, MAX_KEY_CACHE_MS, parseKeyRecord } from '../credentials/api-key/record.ts'
import { revocable } from '../revocable.ts'
import type { ApiKeyRecord, Operations } from '../state/operations.ts'

/** Milliseconds for which a removed API key stays revoked: until no isolate can remember it. */
export const REMOVED_MS = MAX_KEY_CACHE_MS + 60_000

const ofAnother = () => deny('input_invalid', 'the digest is stored under another id')

/** Stores a record, and lets no key live again by it: not under another id, not as one that was made later. */
export async function createKey(
  record: KeyRecord,
  operations: Operations,
  now: number,
): Promise<Result<{ done: 'key.create'; id: string }>> {
  const { id, digest } = record
  const [known] = await operations.findApiKeys({ digest })
  if (known !== undefined && known.id !== id) return ofAnother()
  const text = JSON.stringify({ ...record, createdAt: createdAtOf(record, known) })
  if (!parseKeyRecord(text).ok) return deny('input_invalid', 'no gateway can read the record')
  const before = await operations.findApiKeys({ id })
  const replaced = before.filter((stored) => stored.digest !== digest)
  // First what stops the other key where it is remembered: what fails after that leaves nothing open.
  await revokeTexts(replaced, operations, now + REMOVED_MS, { reason: 'replaced' })
  if (!(await operations.putApiKey({ id, digest, text }))) return ofAnother()
  return allow({ done: 'key.create', id })
}

/** Revokes what is stored under an id by its digest too: the id alone says nothing of the same key under another one. */
export async function revokeKey(
  id: string,
  operations: Operations,
  until: number,
  how: { issuedBefore?: number; reason?: string },
): Promise<void> {
  await operations.revoke(revocable.apiKey(id), until, how)
  await revokeTexts(await operations.findApiKeys({ id }), operations, until, how)
}

async function revokeTexts(
  keys: readonly ApiKeyRecord[],
  operations: Operations,
  until: number,
  how: { issuedBefore?: number; reason?: string },
): Promise<void> {
  for (const { digest } of keys) await operations.revoke(revocable.apiKeyDigest(digest), until, how)
}

/** A page of keys; of a key that a person chose, the digest could be searched for. */
export async function listKeys(operations: Operations, after: string | undefined) {
  const { records, cursor } = await operations.listApiKeys(after)
  return { keys: records.map(shown), ...(cursor !== undefined && { cursor }) }
}

/** A key is as old as it was when it was first stored, however often that is. */
function createdAtOf({ createdAt }: KeyRecord, known: ApiKeyRecord | undefined): string {
  const read = known && parseKeyRecord(known.text)
  if (!read?.ok) return createdAt
  return Date.parse(read.record.createdAt) < Date.parse(createdAt) ? read.record.createdAt : createdAt
}

function shown({ id, text }: { id: string; text: string }) {
  const read = parseKeyRecord(text)
  if (!read.ok) return { id }
  const { digest: _, ...record } = read.record
  return record
}
