import * as v from 'valibot'
import { allow, deny, type Result } from '../contract.ts'
import {
  type KeyRecord,
  keyRecordSchema,
  MAX_KEY_CACHE_MS,
  parseKeyRecord,
} from '../credentials/api-key/record.ts'
import { clientKey, parseAddress } from '../lib/ip.ts'
import { parseJson } from '../lib/json.ts'
import { revocable } from '../revocable.ts'
import { isApiKeyId, type Operations } from '../state/operations.ts'

/** Milliseconds; nothing in shared state is to be refused for longer. */
const LONGEST_MS = 400 * 86_400_000
/** Milliseconds for which a removed API key stays revoked: until no isolate can remember it. */
export const REMOVED_MS = MAX_KEY_CACHE_MS + 60_000
const JSON_LIMITS = { maxDepth: 12, maxNodes: 1000 }

/** The parts of a name: no control characters, and short enough that two of them are a name that can be revoked. */
const part = v.pipe(v.string(), v.regex(/^[^\p{Cc}\p{Cs}]{1,500}$/u))
const reason = v.exactOptional(v.pipe(v.string(), v.regex(/^[^\p{Cc}\p{Cs}]{0,200}$/u)))
const moment = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const id = v.pipe(v.string(), v.check(isApiKeyId))

const revoke = { command: v.literal('revoke'), until: moment, issuedBefore: v.exactOptional(moment), reason }

/** Every command there is. None of them ends a block or a revocation, or forgets a delivery. */
const commandSchema = v.union([
  v.strictObject({ ...revoke, subject: part, issuer: part }),
  v.strictObject({ ...revoke, token: part, issuer: part }),
  v.strictObject({ ...revoke, session: part, issuer: part }),
  v.strictObject({ ...revoke, issuer: part }),
  v.strictObject({ ...revoke, apiKey: id }),
  v.strictObject({ ...revoke, certificate: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) }),
  v.strictObject({
    command: v.literal('block'),
    client: v.pipe(v.string(), v.maxLength(45)),
    until: moment,
    reason,
  }),
  v.strictObject({ command: v.literal('key.create'), record: keyRecordSchema }),
  v.strictObject({
    command: v.literal('key.list'),
    cursor: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{1,64}$/))),
  }),
  v.strictObject({ command: v.literal('key.revoke'), id }),
])

/** A command as it is sent; moments are milliseconds since the epoch. */
export type Command = v.InferOutput<typeof commandSchema>

/** What is answered to a command that is done. */
export type Answer =
  | { done: 'revoke'; until: number; issuedBefore?: number }
  | { done: 'block'; client: string; until: number }
  | { done: 'key.create'; id: string }
  | {
      done: 'key.list'
      keys: ({ id: string } & Partial<Omit<KeyRecord, 'id' | 'digest'>>)[]
      cursor?: string
    }
  | { done: 'key.revoke'; id: string; removed: boolean; until: number }

/** Reads a command out of a body that was verified. */
export function readCommand(body: Uint8Array<ArrayBuffer>, now: number): Result<Command> {
  const json = parseJson(body, JSON_LIMITS, { exactNumbers: true })
  if (!json.ok) return deny('malformed_body', `the JSON is refused: ${json.fault}`)
  const parsed = v.safeParse(commandSchema, json.value, { abortEarly: true })
  if (!parsed.success) return deny('input_invalid', 'no command has this form')
  const { output } = parsed
  if ('until' in output && (output.until <= now || output.until > now + LONGEST_MS))
    return deny('input_invalid', 'until is not between now and in 400 days')
  if ('client' in output && parseAddress(output.client) === undefined)
    return deny('input_invalid', 'client is no IP address')
  return allow(output)
}

/** Carries a command out; rejects when shared state cannot. */
export async function carryOut(command: Command, operations: Operations, now: number): Promise<Answer> {
  switch (command.command) {
    case 'revoke': {
      const { until, issuedBefore, reason } = command
      const more = { ...(issuedBefore !== undefined && { issuedBefore }) }
      await operations.revoke(nameOf(command), until, { ...more, ...(reason !== undefined && { reason }) })
      return { done: 'revoke', until, ...more }
    }
    case 'block': {
      const address = parseAddress(command.client)
      if (address === undefined) throw new TypeError('client is no IP address')
      const client = clientKey(address)
      await operations.block(client, command.until, command.reason)
      return { done: 'block', client, until: command.until }
    }
    case 'key.create': {
      const { record } = command
      await operations.putApiKey({ id: record.id, digest: record.digest, text: JSON.stringify(record) })
      return { done: 'key.create', id: record.id }
    }
    case 'key.list': {
      const { records, cursor } = await operations.listApiKeys(command.cursor)
      return { done: 'key.list', keys: records.map(shown), ...(cursor !== undefined && { cursor }) }
    }
    case 'key.revoke': {
      const until = now + REMOVED_MS
      // First what stops the key everywhere: what fails after that leaves nothing open.
      await operations.revoke(revocable.apiKey(command.id), until, { reason: 'removed' })
      const removed = await operations.removeApiKey(command.id)
      return { done: 'key.revoke', id: command.id, removed, until }
    }
  }
}

/** Under which name the credential is revoked: the same text that a credential proves of itself. */
function nameOf(command: Extract<Command, { command: 'revoke' }>): string {
  if ('apiKey' in command) return revocable.apiKey(command.apiKey)
  if ('certificate' in command) return revocable.certificate(command.certificate)
  const { issuer } = command
  if ('subject' in command) return revocable.subject(issuer, command.subject)
  if ('token' in command) return revocable.token(issuer, command.token)
  return 'session' in command ? revocable.session(issuer, command.session) : revocable.issuer(issuer)
}

/** A key as it is listed: of a key that a person chose, the digest could be searched for. */
function shown({ id, text }: { id: string; text: string }) {
  const read = parseKeyRecord(text)
  if (!read.ok) return { id }
  const { digest: _, ...record } = read.record
  return record
}
