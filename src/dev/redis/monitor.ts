import { randomUUID } from 'node:crypto'
import { silentClient } from './connection.ts'

export interface MonitorLine {
  /** Name and arguments, as they reached Redis. */
  command: string[]
  /** Whether a script ran it. */
  fromScript: boolean
}

/** Every command that Redis runs, in order: Upstash bills EVAL and each command inside of it alike. */
export interface Monitor {
  lines: MonitorLine[]
  /** Resolves when `lines` holds every command that was answered before this call. */
  settle(): Promise<void>
  /** Settles, then ends it. */
  stop(): Promise<void>
}

/** @param marker sends one command on another connection; it shows that all before it have been seen. */
export async function startMonitor(
  socketPath: string,
  marker: (command: string[]) => Promise<unknown>,
): Promise<Monitor> {
  const client = silentClient(socketPath)
  await client.connect()
  const lines: MonitorLine[] = []
  const awaited = new Map<string, () => void>()
  await client.monitor((reply) => {
    const line = readLine(reply.toString())
    if (line === undefined) return
    const reached = line.command[0] === 'ECHO' ? awaited.get(line.command[1] ?? '') : undefined
    if (reached === undefined) lines.push(line)
    else reached()
  })
  const settle = async (): Promise<void> => {
    const id = randomUUID()
    const seen = new Promise<void>((resolve) => awaited.set(id, resolve))
    await marker(['ECHO', id])
    await seen
    awaited.delete(id)
  }
  return {
    lines,
    settle,
    async stop() {
      await settle()
      client.destroy()
    },
  }
}

const LINE = /^\d+\.\d+ \[\d+ (?<from>[^\]]*)\] (?<words>".*")$/
const WORD = /"((?:[^"\\]|\\.)*)"/g

/** A line of MONITOR, such as `1720000000.000000 [0 lua] "get" "k"`. */
export function readLine(text: string): MonitorLine | undefined {
  const { from, words } = LINE.exec(text)?.groups ?? {}
  if (from === undefined || words === undefined) return undefined
  return {
    command: [...words.matchAll(WORD)].map(([, quoted = '']) => unquote(quoted)),
    fromScript: from === 'lua',
  }
}

const CONTROL: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' }

/** Undoes Redis' quoting, in which each byte that is not printable ASCII stands as `\xhh`. */
function unquote(quoted: string): string {
  const bytes = quoted.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (CONTROL[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
