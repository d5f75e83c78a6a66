import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { bundle } from './bundle.ts'
import { configOf } from './config.ts'

export interface Twins {
  /** One port for each isolate. */
  ports: readonly [number, number]
  close(): Promise<void>
}

const START_MS = 20_000

/**
 * One Worker as two services of one workerd process, and so in two isolates, which share its Durable Objects: as two isolates
 * of one deployment do.
 */
export async function startTwins(entry: string, bindings: Readonly<Record<string, string>>): Promise<Twins> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-twins-'))
  await mkdir(join(directory, 'state'))
  await writeFile(join(directory, 'worker.js'), await bundle(resolve(entry)))
  await writeFile(join(directory, 'config.capnp'), twinConfig(bindings))
  const binary = createRequire(import.meta.url)('workerd').default as string
  const args = ['serve', 'config.capnp', '--control-fd=3']
  const child = spawn(binary, args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'close')
  const close = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
    await rm(directory, { recursive: true, force: true })
  }
  const said: string[] = []
  createInterface(child.stderr as Readable).on('line', (line) => said.push(line))
  const ports = new Map<string, number>()
  const { promise: listening, resolve: ready } = Promise.withResolvers<boolean>()
  createInterface(child.stdio[3] as Readable).on('line', (line) => {
    const { socket, port } = JSON.parse(line) as { socket: string; port: number }
    ports.set(socket, port)
    if (ports.size === 2) ready(true)
  })
  const timer = setTimeout(() => ready(false), START_MS)
  void exited.then(() => ready(false))
  const isReady = await listening
  clearTimeout(timer)
  if (!isReady) {
    await close()
    throw new Error(`workerd did not start:\n${said.slice(-20).join('\n')}`)
  }
  return { ports: [ports.get('http') ?? 0, ports.get('twin') ?? 0], close }
}

/** The configuration of one Worker, with a second service that borrows the objects of the first. */
function twinConfig(bindings: Readonly<Record<string, string>>): string {
  const namespace = { binding: 'SALLYPORT_STATE', className: 'SallyportState', uniqueKey: 'sallyport' }
  const config = configOf({ bindings, durableObjects: [namespace] })
  const [main] = /\(name = "main", worker = .*?\(localDisk = "disk"\)\)\)/.exec(config) ?? []
  const own = /, durableObjectNamespaces = .*\(localDisk = "disk"\)/
  const socket = '(name = "http", address = "127.0.0.1:0", http = (), service = "main")'
  const bound = '(className = "SallyportState")'
  if (main === undefined || !own.test(main) || !main.includes(bound) || !config.includes(socket)) {
    throw new Error('the configuration is of another form than the twins know')
  }
  return config
    .replace(main, () => `${main}, ${twinOf(main, own, bound)}`)
    .replace(socket, () => `${socket}, ${socket.replace('"http"', '"twin"').replace('"main"', '"twin"')}`)
}

const twinOf = (main: string, own: RegExp, bound: string): string =>
  main
    .replace('"main"', '"twin"')
    .replace(own, '')
    .replace(bound, '(className = "SallyportState", serviceName = "main")')
