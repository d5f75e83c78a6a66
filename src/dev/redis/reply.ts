import type { Reply } from './connection.ts'

/** How strings travel: as JSON text, or as base64 where the client sent `Upstash-Encoding: base64`. */
export type Encoding = 'plain' | 'base64'

/** One element of an answer. */
export type Outcome = { result: Reply } | { error: string }

/** The JSON form of one outcome. */
export function toJson(outcome: Outcome, encoding: Encoding): { result: unknown } | { error: string } {
  if ('error' in outcome) return outcome
  // The status OK stays as it is, but only alone: the client decodes every string inside of an array.
  if (outcome.result === 'OK') return outcome
  return { result: value(outcome.result, encoding) }
}

/** An error of a command is told as such; any other reply is its result. */
export function outcomeOf(reply: Reply): Outcome {
  return reply instanceof Error ? { error: reply.message } : { result: reply }
}

/** A reply with every string as text. */
export function plain(reply: Reply): unknown {
  return value(reply, 'plain')
}

function value(reply: Reply, encoding: Encoding): unknown {
  if (reply === null || typeof reply === 'number') return reply
  if (reply instanceof Error) return text(Buffer.from(reply.message), encoding)
  if (typeof reply === 'string') return text(Buffer.from(reply), encoding)
  if (reply instanceof Uint8Array) return text(Buffer.from(reply), encoding)
  return reply.map((element) => value(element, encoding))
}

function text(bytes: Buffer, encoding: Encoding): string {
  // Bytes that are not UTF-8 become U+FFFD, as Upstash documents for answers without the header.
  return bytes.toString(encoding === 'base64' ? 'base64' : 'utf8')
}
