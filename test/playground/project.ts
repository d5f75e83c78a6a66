import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = resolve(import.meta.dirname, '../..')
const PARTS = ['src', 'routes', 'package.json', 'tsconfig.json', 'wrangler.toml', '.dev.vars.example']

export interface Project {
  root: string
  /** Replaces a text in a file; fails when the text is not there. */
  edit(file: string, from: string, to: string): Promise<void>
  remove(): Promise<void>
}

/** A copy of this project, so that secrets and broken files stay away from the real one. */
export async function copyProject(): Promise<Project> {
  const root = await mkdtemp(join(tmpdir(), 'sallyport-copy-'))
  for (const part of PARTS) await cp(join(ROOT, part), join(root, part), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  return {
    root,
    async edit(file, from, to) {
      const text = await readFile(join(root, file), 'utf8')
      if (!text.includes(from)) throw new Error(`${file} does not hold '${from}'`)
      await writeFile(join(root, file), text.replace(from, to))
    },
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

export interface Run {
  lines: string[]
  /** Lines of stderr alone. */
  complaints: string[]
  /** Resolves with the first line, past or to come, that satisfies the predicate; rejects when the run ends without. */
  line(predicate: (line: string) => boolean): Promise<string>
  /** Signals the whole process group, as a Ctrl-C in a terminal does. */
  signal(name: NodeJS.Signals): void
  /** Resolves with the exit code. */
  ended: Promise<number | null>
}

/** Runs a command in a process group of its own and collects what it prints. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): Run {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const complaints: string[] = []
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      if (stream === child.stderr) complaints.push(line)
      for (const look of waiting) look()
    })
  }
  let isOver = false
  const ended = once(child, 'close').then(([code]): number | null => {
    isOver = true
    for (const look of waiting) look()
    return code
  })
  return {
    lines,
    complaints,
    ended,
    line(predicate) {
      const { promise, resolve: found, reject } = Promise.withResolvers<string>()
      const look = () => {
        const line = lines.find(predicate)
        if (line === undefined && !isOver) return
        waiting.delete(look)
        if (line === undefined) reject(new Error(`ended without that line:\n${lines.join('\n')}`))
        else found(line)
      }
      waiting.add(look)
      look()
      return promise
    },
    signal(name) {
      if (child.pid !== undefined && !isOver) process.kill(-child.pid, name)
    },
  }
}
