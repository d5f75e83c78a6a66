/** A command and its arguments. */
export type Command = readonly string[]

/** The paths that take commands. */
export const PATHS = ['/', '/pipeline', '/multi-exec'] as const
export type Path = (typeof PATHS)[number]

/** A body that holds no commands; its message is the answer. */
export class Unreadable extends Error {}

/**
 * The commands of a body: one for `/`, any number for the other paths.
 * @throws {Unreadable} where it is not JSON, or not arrays of strings, numbers and booleans.
 */
export function readCommands(path: Path, body: string): string[][] {
  const value = parse(body)
  if (!Array.isArray(value)) throw new Unreadable('ERR the body must be a JSON array')
  const commands = path === '/' ? [readCommand(value)] : value.map(readCommand)
  if (commands.length === 0) throw new Unreadable('ERR the body holds no command')
  return commands
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new Unreadable('ERR the body is not JSON')
  }
}

function readCommand(value: unknown): string[] {
  if (!Array.isArray(value)) throw new Unreadable('ERR a command must be a JSON array')
  if (value.length === 0) throw new Unreadable('ERR empty command')
  return value.map((word: unknown) => {
    if (typeof word === 'string') return word
    if (typeof word === 'number' || typeof word === 'boolean') return String(word)
    throw new Unreadable('ERR a command consists of strings, numbers and booleans')
  })
}

/** They change, block or end the connection that all requests share, or the server. */
const NOT_OFFERED = new Set(
  [
    'SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE MONITOR',
    'MULTI EXEC DISCARD WATCH UNWATCH AUTH HELLO SELECT QUIT RESET CLIENT READONLY READWRITE ASKING',
    'BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF',
    'SYNC PSYNC REPLCONF REPLICAOF SLAVEOF FAILOVER SHUTDOWN DEBUG',
  ].flatMap((line) => line.split(' ')),
)
const STREAM_READS = new Set(['XREAD', 'XREADGROUP'])

/** What to answer in place of running a command that the shared connection would not survive. */
export function refusalOf(command: Command): string | undefined {
  const name = (command[0] ?? '').toUpperCase()
  const blocks = STREAM_READS.has(name) && command.some((word) => word.toUpperCase() === 'BLOCK')
  return NOT_OFFERED.has(name) || blocks ? `ERR Command is not available: '${name}'` : undefined
}
