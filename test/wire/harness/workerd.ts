import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { bundle } from './bundle.ts'
import { type ConfigOptions, configOf, EPHEMERAL_DIRECTORY } from './config.ts'

export interface WorkerdOptions extends ConfigOptions {
  /** Path of a `.ts` Worker entry, from the working directory. */
  entry: string
}

export interface Workerd {
  port: number
  /** Of the running process; a new one after `restart`. */
  readonly pid: number
  /** One entry for each console call of the Worker, whatever its level, across restarts. */
  lines: string[]
  /** Resolves with the first line, past or to come, that satisfies the predicate. */
  waitForLine(predicate: (line: string) => boolean, timeoutMs: number): Promise<string>
  /** Ends the process; SIGTERM would first let requests in flight finish. @default 'SIGKILL' */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Ends the process if it runs, then starts it again with the same code, configuration, port and storage. */
  restart(): Promise<void>
}

const START_MS = 20_000
/** Processes that run, with the directory of each; a test run that stops early leaves neither behind. */
const running = new Map<ChildProcess, string>()
process.once('exit', () => {
  for (const [child, directory] of running) {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
})

/** Bundles a Worker and serves it on bare workerd at a port that the system gives. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const script = await bundle(resolve(options.entry))
  const lines: string[] = []
  const waiters = new Set<() => void>()
  const onLine = (line: string): void => {
    lines.push(line)
    for (const wake of waiters) wake()
  }
  const config = configOf(options)
  const launch = (port: number): Promise<Launched> => start(script, config, port, onLine)
  let current = await launch(0)
  const { port } = current
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    current.child.kill(signal)
    await current.exited
  }
  return {
    port,
    get pid() {
      return current.child.pid ?? 0
    },
    lines,
    waitForLine: (predicate, timeoutMs) =>
      new Promise((found, reject) => {
        const check = (): void => {
          const line = lines.find(predicate)
          if (line === undefined) return
          clearTimeout(timer)
          waiters.delete(check)
          found(line)
        }
        const timer = setTimeout(() => {
          waiters.delete(check)
          reject(
            new Error(
              `no such line among ${lines.length} after ${timeoutMs} ms: ${lines.slice(-5).join('\n')}`,
            ),
          )
        }, timeoutMs)
        waiters.add(check)
        check()
      }),
    kill,
    restart: async () => {
      await kill()
      current = await launch(port)
    },
  }
}

interface Launched {
  child: ChildProcess
  port: number
  exited: Promise<void>
}

async function start(
  script: string,
  config: string,
  port: number,
  onLine: (line: string) => void,
): Promise<Launched> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-wire-'))
  await mkdir(join(directory, EPHEMERAL_DIRECTORY))
  await writeFile(join(directory, 'worker.js'), script)
  await writeFile(join(directory, 'config.capnp'), config)
  // Descriptor 3 names the port once the socket listens, so that port 0 needs no guess and no polling.
  const child = spawn(
    workerdBinary(),
    ['serve', 'config.capnp', '--control-fd=3', `--socket-addr=http=127.0.0.1:${port}`],
    { cwd: directory, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] },
  )
  running.set(child, directory)
  const exited = new Promise<void>((done) => {
    const gone = (): void => {
      running.delete(child)
      rmSync(directory, { recursive: true, force: true })
      done()
    }
    child.once('close', gone).once('error', gone)
  })
  const errors: string[] = []
  const control = child.stdio[3] as Readable
  readLines(child.stdout as Readable, (line) => {
    onLine(messageOf(line))
    errors.push(messageOf(line))
    if (errors.length > 50) errors.shift()
  })
  readLines(child.stderr as Readable, (line) => errors.push(line))
  let timer: NodeJS.Timeout | undefined
  const listening = await Promise.race([
    new Promise<number>((found) => readLines(control, (line) => found(portOf(line)))),
    exited.then(() => undefined),
    new Promise<undefined>((expired) => {
      timer = setTimeout(() => expired(undefined), START_MS)
    }),
  ])
  clearTimeout(timer)
  if (listening === undefined) {
    child.kill('SIGKILL')
    await exited
    throw new Error(`workerd did not start:\n${errors.slice(-20).join('\n')}`)
  }
  return { child, port: listening, exited }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine)
}

function portOf(line: string): number {
  const event: unknown = JSON.parse(line)
  if (typeof event === 'object' && event !== null && 'port' in event && typeof event.port === 'number') {
    return event.port
  }
  throw new Error(`workerd's control message names no port: ${line}`)
}

/** Structured logging wraps each console call in one JSON line; other output is passed on as it is. */
function messageOf(line: string): string {
  try {
    const entry: unknown = JSON.parse(line)
    if (typeof entry === 'object' && entry !== null && 'message' in entry) return String(entry.message)
  } catch {}
  return line
}

function workerdBinary(): string {
  const exported: unknown = createRequire(import.meta.url)('workerd')
  if (typeof exported === 'object' && exported !== null && 'default' in exported)
    return String(exported.default)
  throw new Error('the package workerd does not export the path of its binary')
}
