import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { contestants, startContestant } from './contestants.ts'
import { tellsCpuTime } from './cpu.ts'
import { ratioBetween, rowsOf, tableOf } from './figures.ts'
import { startOrigin } from './origin.ts'
import { round } from './round.ts'

const WARM_UP = 500

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
    requests: { type: 'string', default: '500' },
    only: { type: 'string', multiple: true },
  },
})
const progress = (text: string): void => void process.stderr.write(`${text}\n`)
const exit = (code: number, text: string): never => {
  progress(text)
  process.exit(code)
}

if (!tellsCpuTime()) exit(1, 'bench: needs Linux, where /proc/<pid>/stat tells the CPU time of workerd')
// The harness ends workerd on `exit`; a signal alone would leave the processes behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => exit(1, 'bench: stopped'))
process.once('uncaughtException', (error) => exit(1, `bench: ${error.message}`))

const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))

// The first one is the unit, and always runs.
const chosen = contestants.filter(({ name }, at) => at === 0 || (options.only?.includes(name) ?? true))
const [rounds, requests] = [Number(options.rounds), Number(options.requests)]
if (!(rounds >= 1 && requests >= 1)) exit(1, 'bench: --rounds and --requests take whole numbers above 0')
const origin = await startOrigin()
const entrants: { name: string; title: string; rounds: number[]; run: (count: number) => Promise<number> }[] =
  []
for (const contestant of chosen) {
  progress(`starting and warming up: ${contestant.title}`)
  const workerd = await startContestant(contestant, origin.url, directory)
  const run = (count: number) => round(contestant, workerd, origin, count)
  await run(WARM_UP)
  entrants.push({ name: contestant.name, title: contestant.title, rounds: [], run })
}
for (let turn = 1; turn <= rounds; turn++) {
  for (const entrant of entrants) entrant.rounds.push(await entrant.run(requests))
  const figures = entrants.map(({ name, rounds }) => `${name} ${rounds.at(-1)?.toFixed(0)}`)
  progress(`round ${turn} of ${rounds}, µs of CPU a request: ${figures.join(', ')}`)
}

const rows = rowsOf(entrants)
const comparisons = {
  'gateway / hand-written': ratioBetween(rows, 'gateway', 'by-hand'),
  'gateway / hand-written, both without state': ratioBetween(
    rows,
    'gateway-without-state',
    'by-hand-without-state',
  ),
}
if (options.json) {
  const date = new Date().toISOString()
  console.log(JSON.stringify({ date, cores: availableParallelism(), rounds, requests, rows, comparisons }))
} else {
  console.log(`\n${tableOf(rows)}\n`)
  for (const [name, ratio] of Object.entries(comparisons)) {
    if (ratio !== undefined) console.log(`${name}: ${ratio.toFixed(2)}`)
  }
}
process.exit(0)
