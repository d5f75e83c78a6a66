import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { endWithUs } from '../end-with-us.ts'
import { connectTo } from './connection.ts'

const START_MS = 10_000
const PING_MS = 1000
const STOP_MS = 2000

/** Directives of redis.conf; it listens on the socket. */
export interface Directives extends Record<string, string> {
  unixsocket: string
}

/** A process that answers. */
export interface Launched {
  child: ChildProcess
  /** Resolves when it has ended, for whatever reason. */
  exited: Promise<void>
}

/**
 * Starts a redis-server and resolves when it answers.
 * @throws {Error} after 10 s, or when it ends before, with the last lines that it printed.
 */
export async function launch(path: string, directives: Directives, directory: string): Promise<Launched> {
  const words = Object.entries(directives).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn(path, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const watch = child.pid === undefined ? undefined : endWithUs(child.pid, directory)
  let gone = false
  const ended = new Promise<void>((resolve) => {
    child.once('close', resolve).once('error', () => resolve())
  })
  const exited = ended.then(async () => {
    gone = true
    await watch?.dismiss()
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      if (lines.length > 20) lines.shift()
    })
  }
  const launched = { child, exited }
  const deadline = performance.now() + START_MS
  while (!gone && performance.now() < deadline) {
    if (await answers(directives.unixsocket)) return launched
    await delay(10)
  }
  child.kill('SIGKILL')
  await exited
  throw new Error(`redis-server did not start:\n${lines.join('\n')}`)
}

/** Whether PING is answered with PONG, which a server that still loads its data does not. */
async function answers(socketPath: string): Promise<boolean> {
  const connection = connectTo(socketPath)
  const timer = setTimeout(() => connection.close(), PING_MS)
  try {
    const [reply] = await connection.send([['PING']])
    return reply === 'PONG'
  } catch {
    return false
  } finally {
    clearTimeout(timer)
    connection.close()
  }
}

/** Ends it in good order, or after 2 s in any. */
export async function end({ child, exited }: Launched): Promise<void> {
  // A paused process would take the SIGTERM only when it is resumed.
  child.kill('SIGTERM')
  child.kill('SIGCONT')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exited
  clearTimeout(timer)
}
