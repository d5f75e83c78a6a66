import { type Command, type Path, refusalOf } from './commands.ts'
import type { RedisConnection, Reply } from './connection.ts'
import { type Outcome, outcomeOf } from './reply.ts'
import type { Prepared, Scripts } from './scripts.ts'

/** One outcome for `/` and for a discarded transaction, a list for the rest. */
export type Outcomes = Outcome | Outcome[]

/**
 * Runs the commands of one request.
 * @throws {ConnectionLost} where Redis went away, for the whole request.
 */
export async function execute(
  path: Path,
  commands: readonly Command[],
  redis: RedisConnection,
  scripts: Scripts,
): Promise<Outcomes> {
  if (path === '/multi-exec') return transaction(commands, redis, scripts)
  const outcomes: Outcome[] = []
  // One after the other, so that commands of other requests may come between: a pipeline is not atomic.
  for (const command of commands) outcomes.push(await single(command, redis, scripts))
  return path === '/' ? (outcomes[0] ?? { error: 'ERR empty command' }) : outcomes
}

async function single(command: Command, redis: RedisConnection, scripts: Scripts): Promise<Outcome> {
  const refusal = refusalOf(command)
  if (refusal !== undefined) return { error: refusal }
  const { send, settle } = await prepare(command, redis, scripts)
  const [reply = null] = await redis.send([send])
  return outcomeOf(settle(reply))
}

async function transaction(
  commands: readonly Command[],
  redis: RedisConnection,
  scripts: Scripts,
): Promise<Outcomes> {
  const refusal = commands.map(refusalOf).find((text) => text !== undefined)
  if (refusal !== undefined) return discarded(refusal)
  const prepared: Prepared[] = []
  for (const command of commands) prepared.push(await prepare(command, redis, scripts))
  const replies = await redis.send([['MULTI'], ...prepared.map(({ send }) => send), ['EXEC']])
  const results = replies.at(-1)
  if (!Array.isArray(results)) {
    const first = replies.find((reply) => reply instanceof Error)
    return discarded(first?.message ?? 'ERR no reply')
  }
  return results.map((reply: Reply, index) => outcomeOf(prepared[index]?.settle(reply) ?? reply))
}

function discarded(cause: string): Outcome {
  return { error: `EXECABORT Transaction discarded because of: ${cause}` }
}

function prepare(command: Command, redis: RedisConnection, scripts: Scripts): Promise<Prepared> {
  return scripts.prepare(command, async (sha) => {
    const [reply] = await redis.send([['SCRIPT', 'EXISTS', sha]])
    return Array.isArray(reply) && reply[0] === 1
  })
}
