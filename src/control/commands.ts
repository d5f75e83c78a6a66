import * as v from 'valibot'
import { allow, deny, type Result } from '../contract.ts'
import { type KeyRecord, keyRecordSchema, ofForm, parseKeyRecord } from '../credentials/api-key/record.ts'
import { clientKey, parseAddress } from '../lib/ip.ts'
import { parseJson } from '../lib/json.ts'
import { revocable } from '../revocable.ts'
import { isApiKeyId, type Operations } from '../state/operations.ts'
import { createKey, listKeys, REMOVED_MS, revokeKey } from './api-keys.ts'
import { WINDOW_SECONDS } from './proof.ts'

/** Milliseconds; nothing in shared state is to be refused for longer. */
export const LONGEST_MS = 400 * 86_400_000
/** Milliseconds by which the operator's clock may be ahead, as for a signature. */
const CLOCKS_MS = WINDOW_SECONDS * 1000
const JSON_LIMITS = { maxDepth: 12, maxNodes: 1000 }

/** What people write into a command. */
const words = {
  /** No control characters, and short enough that two of them are a name that can be revoked. */
  part: ofForm(/^[^\p{Cc}\p{Cs}]{1,500}$/u),
  id: v.pipe(v.string(), v.check(isApiKeyId)),
  certificate: ofForm(/^[0-9a-f]{64}$/),
  client: v.pipe(
    v.string(),
    v.maxLength(45),
    v.check((text) => parseAddress(text) !== undefined),
  ),
  reason: ofForm(/^[^\p{Cc}\p{Cs}]{0,200}$/u),
}
export type Word = keyof typeof words

/** Whether a word has the form that every gateway asks of it. */
export const isWord = (word: Word, text: string): boolean => v.is(words[word], text)

const { part, id, certificate, client } = words
const reason = v.exactOptional(words.reason)
const moment = v.pipe(
  v.number(),
  v.check((ms) => Number.isSafeInteger(ms) && ms > 0),
)

const revoke = { command: v.literal('revoke'), until: moment, issuedBefore: v.exactOptional(moment), reason }

/** Every command there is. None of them ends a block or a revocation, or forgets a delivery. */
const COMMANDS = [
  v.strictObject({ ...revoke, subject: part, issuer: part }),
  v.strictObject({ ...revoke, token: part, issuer: part }),
  v.strictObject({ ...revoke, session: part, issuer: part }),
  v.strictObject({ ...revoke, issuer: part }),
  v.strictObject({ ...revoke, apiKey: id }),
  v.strictObject({ ...revoke, certificate }),
  v.strictObject({ command: v.literal('block'), client, until: moment, reason }),
  v.strictObject({ command: v.literal('key.create'), record: keyRecordSchema }),
  v.strictObject({
    command: v.literal('key.list'),
    cursor: v.exactOptional(ofForm(/^[0-9a-f]{1,64}$/)),
  }),
  v.strictObject({ command: v.literal('key.revoke'), id }),
] as const

/** A command as it is sent; moments are milliseconds since the epoch. */
export type Command = v.InferOutput<(typeof COMMANDS)[number]>

/** What is answered to a command that is done. */
export type Answer =
  /** `isKnownIssuer`: whether a route takes tokens of the issuer that the command names. */
  | { done: 'revoke'; until: number; issuedBefore?: number; isKnownIssuer?: boolean }
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
  const output = commandIn(json.value)
  if (!output) return deny('input_invalid', 'no command has this form')
  if ('until' in output && (output.until <= now || output.until > now + LONGEST_MS + CLOCKS_MS))
    return deny('input_invalid', 'until is not between now and in 400 days')
  // As the gateway will read it from shared state: a record that is too large or too deep would never be a key.
  if ('record' in output && !parseKeyRecord(JSON.stringify(output.record)).ok)
    return deny('input_invalid', 'no gateway can read the record')
  return allow(output)
}

function commandIn(value: unknown): Command | undefined {
  for (const schema of COMMANDS) {
    const parsed = v.safeParse(schema, value, { abortEarly: true })
    if (parsed.success) return parsed.output
  }
  return undefined
}

/** Carries a command out, or refuses what the stored keys speak against; rejects when shared state cannot. `issuers` are those of the routes. */
export async function carryOut(
  command: Command,
  operations: Operations,
  issuers: readonly string[],
  now: number,
): Promise<Result<Answer>> {
  switch (command.command) {
    case 'revoke': {
      const { until, issuedBefore, reason } = command
      const more = { ...(issuedBefore !== undefined && { issuedBefore }) }
      const how = { ...more, ...(reason !== undefined && { reason }) }
      if ('apiKey' in command) await revokeKey(command.apiKey, operations, until, how)
      else await operations.revoke(nameOf(command), until, how)
      // Revoked it is all the same: an isolate of another version may have a route of that issuer.
      const known = 'issuer' in command && { isKnownIssuer: issuers.includes(command.issuer) }
      return allow({ done: 'revoke', until, ...more, ...known })
    }
    case 'block': {
      const address = parseAddress(command.client)
      if (address === undefined) throw new TypeError('client is no IP address')
      const client = clientKey(address)
      await operations.block(client, command.until, command.reason)
      return allow({ done: 'block', client, until: command.until })
    }
    case 'key.create':
      return createKey(command.record, operations, now)
    case 'key.list':
      return allow({ done: 'key.list', ...(await listKeys(operations, command.cursor)) })
    case 'key.revoke': {
      const until = now + REMOVED_MS
      // First what stops the key everywhere: what fails after that leaves nothing open.
      await revokeKey(command.id, operations, until, { reason: 'removed' })
      const removed = await operations.removeApiKey(command.id)
      return allow({ done: 'key.revoke', id: command.id, removed, until })
    }
  }
}

/** Under which name the credential is revoked: the same text that a credential proves of itself. */
function nameOf(command: Exclude<Extract<Command, { command: 'revoke' }>, { apiKey: string }>): string {
  if ('certificate' in command) return revocable.certificate(command.certificate)
  const { issuer } = command
  if ('subject' in command) return revocable.subject(issuer, command.subject)
  if ('token' in command) return revocable.token(issuer, command.token)
  return 'session' in command ? revocable.session(issuer, command.session) : revocable.issuer(issuer)
}
