import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireRedis } from './find.ts'
import { type Directives, end, type Launched, launch } from './launch.ts'

export interface RedisOptions {
  /** Memory that data may take; beyond it writes are refused, nothing is evicted. @default no bound */
  maxMemoryBytes?: number
  /** Keeps every acknowledged write across `restart`. @default false */
  persist?: boolean
  /** More directives of redis.conf, which win over the others, except over the socket. */
  config?: Readonly<Record<string, string>>
}

/** A redis-server of ours, which listens on a unix socket only. */
export interface RedisProcess {
  socketPath: string
  /** Of the running process; another one after `restart`. */
  readonly pid: number
  /** Such as `7.0.15`. */
  version: string
  /** Ends it for good and removes its directory. */
  stop(): Promise<void>
  /** Ends it as a crash would (SIGKILL); `restart` starts it again. */
  kill(): Promise<void>
  /** Ends it if it runs, then starts it again at the same socket and resolves when it answers. */
  restart(): Promise<void>
  /** Stops it with connections open: it accepts and never answers, until `resume`. */
  pause(): void
  resume(): void
}

/**
 * Starts the redis-server of the PATH in a directory of its own and resolves when it answers.
 * @throws {StartError} in one line where there is none, or one older than 7.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisProcess> {
  const { path, version } = await requireRedis()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-redis-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true })
  const socketPath = join(directory, 'redis.sock')
  const start = (): Promise<Launched> => launch(path, directivesOf(options, directory, socketPath), directory)
  let stopped = false
  let current: Launched
  try {
    current = await start()
  } catch (error) {
    await remove()
    throw error
  }
  return {
    socketPath,
    get pid() {
      return current.child.pid ?? 0
    },
    version,
    async stop() {
      stopped = true
      await end(current)
      await remove()
    },
    async kill() {
      current.child.kill('SIGKILL')
      await current.exited
    },
    async restart() {
      if (stopped) throw new Error('this redis-server was stopped for good')
      await end(current)
      current = await start()
    },
    pause: () => void current.child.kill('SIGSTOP'),
    resume: () => void current.child.kill('SIGCONT'),
  }
}

function directivesOf(options: RedisOptions, directory: string, socketPath: string): Directives {
  const memory = options.maxMemoryBytes
  return {
    port: '0',
    unixsocketperm: '700',
    dir: directory,
    save: '',
    daemonize: 'no',
    'maxmemory-policy': 'noeviction',
    ...(memory === undefined ? {} : { maxmemory: String(memory) }),
    ...(options.persist ? { appendonly: 'yes', appendfsync: 'always' } : {}),
    ...options.config,
    unixsocket: socketPath,
  }
}
