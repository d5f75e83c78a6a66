import { styleText } from 'node:util'
import type { RecordedRequest } from '../../dev/recorder.ts'
import type { Scheme } from '../../webhooks/scheme.ts'
import type { Expectation, Fault } from './faults.ts'
import { expectationOf, FAULTS } from './faults.ts'
import { type Material, prepare } from './material.ts'
import { type Answer, differenceFrom, post } from './post.ts'

/** Milliseconds that the playground's origin may take to tell what came. */
const ORIGIN_MS = 5000

/** One delivery of the run: what was expected and what came. */
interface Cell {
  expected: Expectation
  answer: Answer
}

interface Row {
  scheme: Scheme
  cells: Partial<Record<Fault, Cell>>
}

/** The `sallyport-id`s that came to the playground's origin; undefined where it is not there. */
type Arrived = ReadonlySet<string> | undefined

/** Sends every provider with every fault that it has; returns the surprises. Prints progress, then the table. */
export async function sendAll(
  materials: readonly Material[],
  urlOf: (name: string) => string,
  origin: string,
  print: (line: string) => void,
): Promise<string[]> {
  const rows: Row[] = []
  for (const material of materials) {
    const { scheme } = material.provider
    rows.push({ scheme, cells: await sendEach(material, urlOf(scheme.name)) })
    progress(rows.length, materials.length, scheme.name, print)
  }
  const arrived = await arrivals(origin)
  print(table(rows, arrived))
  if (!arrived)
    print(`arrivals were not looked at: the playground's origin does not answer at ${origin} (ORIGIN_PORT)`)
  return rows.flatMap((row) => surprisesOf(row, arrived))
}

async function sendEach(material: Material, url: string): Promise<Row['cells']> {
  const cells: Row['cells'] = {}
  for (const fault of FAULTS) {
    const expected = expectationOf(material.provider.scheme, fault)
    if (expected === undefined) continue
    const delivery = await prepare(material, fault, { url, body: undefined, now: Date.now() })
    const first = await post(delivery)
    // A replay is the second of two, and says nothing where the first was not taken.
    if (fault !== 'replayed') cells[fault] = { expected, answer: first }
    else if (first.decision !== 'let through') cells[fault] = { expected: 'let through', answer: first }
    else cells[fault] = { expected, answer: await post(delivery) }
  }
  return cells
}

async function arrivals(origin: string): Promise<Arrived> {
  try {
    const response = await fetch(`${origin}/_playground/requests`, { signal: AbortSignal.timeout(ORIGIN_MS) })
    if (!response.ok) return undefined
    const requests = (await response.json()) as RecordedRequest[]
    return new Set(requests.flatMap(({ headers }) => headers['sallyport-id'] ?? []))
  } catch {
    return undefined
  }
}

/** What the gateway did, the origin's word included: only that knows what was forwarded. */
function outcomeOf({ decision, id }: Answer, arrived: Arrived): string {
  if (!arrived || id === undefined) return decision
  const hasArrived = arrived.has(id)
  if (decision === 'let through') return hasArrived ? 'forwarded' : 'let through, but it never arrived'
  return hasArrived ? `${decision}, yet it arrived` : decision
}

const asMeant = (expected: Expectation, arrived: Arrived): string =>
  arrived && expected === 'let through' ? 'forwarded' : expected

/** What is not as it was meant, or undefined. */
function surpriseOf(scheme: Scheme, { expected, answer }: Cell, arrived: Arrived): string | undefined {
  const [meant, met] = [asMeant(expected, arrived), outcomeOf(answer, arrived)]
  if (met !== meant) return `expected ${meant}, met ${met}`
  return differenceFrom(expected, scheme, answer)
}

function surprisesOf({ scheme, cells }: Row, arrived: Arrived): string[] {
  return Object.entries(cells).flatMap(([fault, cell]) => {
    const surprise = surpriseOf(scheme, cell, arrived)
    const { status, code, id } = cell.answer
    const seen = `${status}${code === undefined ? '' : ` ${code}`} (id ${id ?? 'none'})`
    return surprise === undefined ? [] : [`${scheme.name} ${fault}: ${surprise}, ${seen}`]
  })
}

function progress(done: number, all: number, name: string, print: (line: string) => void): void {
  const line = `${String(done).padStart(3)} of ${all}  ${name}`
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${done === all ? '' : line}`)
  else if (done % 10 === 0 || done === all) print(line)
}

const WIDTH = 15

function table(rows: readonly Row[], arrived: Arrived): string {
  const nameWidth = Math.max(...rows.map(({ scheme }) => scheme.name.length))
  const head = [''.padEnd(nameWidth), ...FAULTS.map((fault) => fault.padEnd(WIDTH))].join('  ').trimEnd()
  const lines = rows.map(({ scheme, cells }) => {
    const texts = FAULTS.map((fault) => {
      const cell = cells[fault]
      if (!cell) return styleText('dim', 'no time signed'.padEnd(WIDTH))
      const text = `${cell.answer.status} ${outcomeOf(cell.answer, arrived)}`.padEnd(WIDTH)
      return styleText(surpriseOf(scheme, cell, arrived) === undefined ? 'green' : 'red', text)
    })
    return [scheme.name.padEnd(nameWidth), ...texts].join('  ').trimEnd()
  })
  return [head, ...lines].join('\n')
}
