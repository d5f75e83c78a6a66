import { spawn, spawnSync } from 'node:child_process'
import { access, chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { connectTo, type Reply } from '../../src/dev/redis/connection.ts'
import { type RedisOptions, type RedisProcess, startRedis } from '../../src/dev/redis/server.ts'
import { failureOf } from './front-under-test.ts'

const started: RedisProcess[] = []
afterEach(async () => {
  for (const redis of started.splice(0)) await redis.stop()
})

async function start(options?: RedisOptions): Promise<RedisProcess> {
  const redis = await startRedis(options)
  started.push(redis)
  return redis
}

async function ask(redis: RedisProcess, ...command: string[]): Promise<Reply | undefined> {
  const connection = connectTo(redis.socketPath)
  try {
    const [reply] = await connection.send([command])
    return reply instanceof Uint8Array ? Buffer.from(reply).toString() : reply
  } finally {
    connection.close()
  }
}

/** A process that has ended but was not yet asked for by its parent (Z) does not run. */
const runs = (pid: number): boolean =>
  /^[^Z\s]/.test(spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout)
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Resolves when a condition holds, or with false after 5 s. */
async function soon(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const deadline = performance.now() + 5000; performance.now() < deadline; ) {
    if (await condition()) return true
    await setTimeout(20)
  }
  return false
}

describe('a redis-server of ours', () => {
  it('answers on a socket that only its owner can open, and on no port', async () => {
    const redis = await start()
    expect(redis.version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(Number.parseInt(redis.version, 10)).toBeGreaterThanOrEqual(7)
    expect(((await stat(dirname(redis.socketPath))).mode & 0o777).toString(8)).toBe('700')
    expect(((await stat(redis.socketPath)).mode & 0o777).toString(8)).toBe('700')
    expect(await ask(redis, 'INFO', 'server')).toContain('tcp_port:0')
  })

  it('leaves neither process nor directory when it is stopped', async () => {
    const redis = await start()
    const { pid } = redis
    expect(runs(pid)).toBe(true)
    await redis.stop()
    expect(runs(pid)).toBe(false)
    expect(await exists(dirname(redis.socketPath))).toBe(false)
    expect((await failureOf(redis.restart())).message).toContain('stopped for good')
  })

  it('stops while it is paused', async () => {
    const redis = await start()
    const { pid } = redis
    redis.pause()
    await redis.stop()
    expect(runs(pid)).toBe(false)
  })

  it('keeps every acknowledged write across a crash, where it persists', async () => {
    const redis = await start({ persist: true })
    const { pid } = redis
    await ask(redis, 'SET', 'a', 'kept')
    await redis.kill()
    expect(runs(pid)).toBe(false)
    await redis.restart()
    expect(redis.pid).not.toBe(pid)
    expect(await ask(redis, 'GET', 'a')).toBe('kept')
  })

  it('forgets everything with a restart, where it does not', async () => {
    const redis = await start()
    await ask(redis, 'SET', 'a', 'lost')
    await redis.restart()
    expect(await ask(redis, 'GET', 'a')).toBeNull()
  })

  it('takes a bound of memory and other directives', async () => {
    const redis = await start({ maxMemoryBytes: 5_000_000, config: { 'slowlog-max-len': '7' } })
    expect(await ask(redis, 'INFO', 'memory')).toMatch(/maxmemory:5000000\r\n.*maxmemory_policy:noeviction/s)
    expect(await ask(redis, 'CONFIG', 'GET', 'slowlog-max-len')).toEqual([
      Buffer.from('slowlog-max-len'),
      Buffer.from('7'),
    ])
  })

  it('answers nothing while it is paused', async () => {
    const redis = await start()
    redis.pause()
    const asked = ask(redis, 'PING')
    expect(await Promise.race([asked, setTimeout(200, 'no answer')])).toBe('no answer')
    redis.resume()
    expect(await asked).toBe('PONG')
  })

  it('says why it did not start, and leaves no directory', async () => {
    const usual = process.env.TMPDIR
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-empty-'))
    process.env.TMPDIR = directory
    try {
      const { message } = await failureOf(startRedis({ config: { appendfsync: 'sometimes' } }))
      expect(message).toMatch(/^redis-server did not start:\n(.|\n)*'appendfsync "sometimes"'/)
      expect(await readdir(directory)).toEqual([])
    } finally {
      if (usual === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = usual
      await rm(directory, { recursive: true, force: true })
    }
  })

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'ends with the program that started it (%s)',
    async (signal) => {
      const program = [
        `import { startRedis } from ${JSON.stringify(new URL('../../src/dev/redis/server.ts', import.meta.url).href)}`,
        'const redis = await startRedis()',
        'console.log(JSON.stringify({ pid: redis.pid, socketPath: redis.socketPath }))',
      ].join('\n')
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        const [line] = await new Promise<[string]>((resolve, reject) => {
          createInterface({ input: child.stdout }).once('line', (text) => resolve([text]))
          child.once('exit', () => reject(new Error('the program ended early')))
        })
        const { pid, socketPath } = JSON.parse(line) as { pid: number; socketPath: string }
        expect(runs(pid)).toBe(true)
        child.kill(signal)
        expect(await soon(() => !runs(pid))).toBe(true)
        expect(await soon(async () => !(await exists(dirname(socketPath))))).toBe(true)
      } finally {
        child.kill('SIGKILL')
      }
    },
  )
})

describe('a connection', () => {
  it('ends its wait when it is closed, against a server that accepts and says nothing', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-silent-'))
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(join(directory, 'socket'), resolve))
    try {
      const connection = connectTo(join(directory, 'socket'))
      const failure = failureOf(connection.send([['PING']]))
      await setTimeout(50)
      connection.close()
      expect((await failure).message).toBe('the database cannot be reached')
    } finally {
      silent.close()
      await rm(directory, { recursive: true, force: true })
    }
  })
})

describe('an old redis-server', () => {
  it('is refused in one line that names it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-old-'))
    const old = join(directory, 'redis-server')
    await writeFile(
      old,
      '#!/bin/sh\necho "Redis server v=6.2.14 sha=00000000:0 malloc=libc bits=64 build=0"\n',
    )
    await chmod(old, 0o755)
    const usual = process.env.PATH
    process.env.PATH = directory
    try {
      const error = await failureOf(startRedis())
      expect(error.constructor.name).toBe('StartError')
      expect(error.message).toBe(
        `a local Redis needs redis-server 7 or newer: apt-get install redis-server, or brew install redis (${old} is 6.2.14)`,
      )
    } finally {
      process.env.PATH = usual
      await rm(directory, { recursive: true, force: true })
    }
  })
})
