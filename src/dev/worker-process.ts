import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { CHECKED, wranglerCommand } from '../cli/wrangler.ts'
import type { DemoProvider } from './demo-providers.ts'
import { endWithUs } from './end-with-us.ts'
import { StartError } from './options.ts'

/** Milliseconds that wrangler and workerd get to end by themselves. */
const STOP_MS = 3000
const START_MS = 60_000
const POLL_MS = 100
/** Lines of wrangler's own output that are kept for the day on which the start fails. */
const KEPT_LINES = 200

export interface WorkerOptions {
  root: string
  port: number
  vars: Readonly<Record<string, string>>
  /** The providers that are mounted beside the project's routes. @default none: the Worker that wrangler.toml names */
  demo?: readonly DemoProvider[]
  /** Called for each line that wrangler or the Worker prints, but for the records of our own probes. */
  onLine: (line: string) => void
}

export interface WorkerProcess {
  url: string
  /** Settles when the gateway answers; rejects with wrangler's own words when it does not come up. */
  ready: () => Promise<void>
  /** Settles when wrangler has ended, whoever ended it. */
  ended: Promise<void>
  /** Ends wrangler and every process that it started, and removes the state that they kept. */
  stop: () => Promise<void>
}

/**
 * Starts the real Worker through `wrangler dev`, in a process group of its own, so that a Ctrl-C reaches only us and we
 * end the rest. Shared state lives in a fresh folder: a claim of an earlier run must not answer for this one.
 */
export function startWorker({ root, port, vars, demo, onLine }: WorkerOptions): WorkerProcess {
  const statePath = mkdtempSync(join(tmpdir(), 'sallyport-playground-'))
  const child = spawn(process.execPath, wranglerArguments(port, statePath, vars, demo), {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // CI keeps wrangler from asking questions and drawing; the playground calls nobody outside.
    env: {
      ...process.env,
      CI: '1',
      WRANGLER_SEND_METRICS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      [CHECKED]: '1',
    },
  })
  const watch = child.pid === undefined ? undefined : endWithUs(-child.pid, statePath)
  const url = `http://127.0.0.1:${port}`
  const said: string[] = []
  let probeId: string | undefined
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (probeId !== undefined && line.includes(probeId)) return
      said.push(line)
      if (said.length > KEPT_LINES) said.shift()
      onLine(line)
    })
  }
  let isOver = false
  const ended = once(child, 'exit').then(() => {
    isOver = true
  })
  return {
    url,
    ended,
    async ready() {
      const deadline = Date.now() + START_MS
      for (;;) {
        // Asked first, so that nobody else on the port answers in the place of a process that is gone.
        const isLate = isOver || Date.now() > deadline
        if (isLate)
          throw new StartError(`wrangler dev did not start the Worker; it said:\n\n${said.join('\n')}`)
        probeId = await probe(url)
        if (probeId !== undefined) return
        await delay(POLL_MS)
      }
    },
    async stop() {
      await endGroup(child, ended)
      await watch?.dismiss()
      await rm(statePath, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

function wranglerArguments(
  port: number,
  statePath: string,
  vars: WorkerOptions['vars'],
  demo: WorkerOptions['demo'],
): string[] {
  return [
    wranglerCommand(),
    'dev',
    // In the place of wrangler.toml's main, which deploys the project's routes alone.
    ...(demo ? ['src/dev/worker.ts', '--define', `DEMO_PROVIDERS:${JSON.stringify(demo)}`] : []),
    ...['--ip', '127.0.0.1', '--port', String(port), '--persist-to', statePath],
    '--show-interactive-dev-session=false',
    // The top level of wrangler.toml, whatever CLOUDFLARE_ENV says: that is what was looked at.
    '--env=',
    ...Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ]
}

/** The `sallyport-id` of an answer of the gateway, or undefined while there is none. */
async function probe(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    await response.body?.cancel()
    return response.headers.get('sallyport-id') ?? undefined
  } catch {
    return undefined
  }
}

/** Signals the whole group: wrangler does not always take workerd along. */
async function endGroup({ pid }: ChildProcess, ended: Promise<void>): Promise<void> {
  if (pid === undefined) return
  const signal = (name: 'SIGTERM' | 'SIGKILL' | 0): boolean => {
    try {
      return process.kill(-pid, name)
    } catch {
      // The group is gone.
      return false
    }
  }
  signal('SIGTERM')
  await Promise.race([ended, delay(STOP_MS, undefined, { ref: false })])
  for (let waited = 0; waited < 1000 && signal(0); waited += 50) await delay(50)
  signal('SIGKILL')
}
