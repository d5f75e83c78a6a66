import { styleText } from 'node:util'
import type { RecordedRequest } from '../../dev/recorder.ts'
import type { Expectation, Fault } from './faults.ts'
import { expectationOf, FAULTS } from './faults.ts'
import { type Material, makeDelivery } from './material.ts'
import { type Answer, post } from './post.ts'

/** One delivery of the run: what was expected and what came. */
interface Cell {
  expected: Expectation
  answer: Answer
}

interface Row {
  name: string
  cells: Partial<Record<Fault, Cell>>
}

/** Sends every provider with every fault that it has; returns the surprises. Prints progress, then the table. */
export async function sendAll(
  materials: readonly Material[],
  urlOf: (name: string) => string,
  origin: string,
  print: (line: string) => void,
): Promise<string[]> {
  const rows: Row[] = []
  for (const material of materials) {
    const { name } = material.provider.scheme
    rows.push({ name, cells: await sendEach(material, urlOf(name)) })
    progress(rows.length, materials.length, name, print)
  }
  const arrived = await arrivals(origin)
  const surprises = rows.flatMap((row) => surprisesOf(row, arrived))
  print(table(rows, arrived))
  return surprises
}

async function sendEach(material: Material, url: string): Promise<Row['cells']> {
  const cells: Row['cells'] = {}
  for (const fault of FAULTS) {
    const expected = expectationOf(material.provider.scheme, fault)
    if (expected === undefined) continue
    const delivery = await makeDelivery(material, fault, { url, body: undefined, now: Date.now() })
    // A replay is the second of two.
    if (fault === 'replayed') await post(delivery)
    cells[fault] = { expected, answer: await post(delivery) }
  }
  return cells
}

/** The `sallyport-id`s that came to the playground's origin; undefined where it is not there. */
async function arrivals(origin: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const response = await fetch(`${origin}/_playground/requests`)
    const requests = (await response.json()) as RecordedRequest[]
    return new Set(requests.map(({ headers }) => headers['sallyport-id'] ?? ''))
  } catch {
    return undefined
  }
}

/** What the gateway did, the origin's word included. */
function outcomeOf({ decision, id }: Answer, arrived: ReadonlySet<string> | undefined): string {
  if (decision === 'refused') return arrived?.has(id ?? '') ? 'refused, yet it arrived' : 'refused'
  if (decision === 'duplicate') return arrived?.has(id ?? '') ? 'duplicate, yet it arrived' : 'duplicate'
  return !arrived || arrived.has(id ?? '') ? 'forwarded' : 'let through, but it never arrived'
}

/** A refusal for another reason than the signature is none of a fault's. */
const isAsMeant = ({ expected, answer }: Cell, arrived: ReadonlySet<string> | undefined): boolean =>
  outcomeOf(answer, arrived) === expected &&
  (expected !== 'refused' || answer.code === undefined || /^signature_/.test(answer.code))

function surprisesOf({ name, cells }: Row, arrived: ReadonlySet<string> | undefined): string[] {
  return Object.entries(cells).flatMap(([fault, cell]) => {
    if (isAsMeant(cell, arrived)) return []
    const { status, code, id } = cell.answer
    const seen = `${outcomeOf(cell.answer, arrived)}, ${status}${code === undefined ? '' : ` ${code}`}`
    return [`${name} ${fault}: expected ${cell.expected}, met ${seen} (id ${id ?? 'none'})`]
  })
}

function progress(done: number, all: number, name: string, print: (line: string) => void): void {
  const line = `${String(done).padStart(3)} of ${all}  ${name}`
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${done === all ? '' : line}`)
  else if (done % 10 === 0 || done === all) print(line)
}

const WIDTH = 14

function table(rows: readonly Row[], arrived: ReadonlySet<string> | undefined): string {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length))
  const head = [''.padEnd(nameWidth), ...FAULTS.map((fault) => fault.padEnd(WIDTH))].join('  ').trimEnd()
  const lines = rows.map(({ name, cells }) => {
    const texts = FAULTS.map((fault) => {
      const cell = cells[fault]
      if (!cell) return styleText('dim', 'no time signed'.padEnd(WIDTH))
      const text = `${cell.answer.status} ${outcomeOf(cell.answer, arrived)}`.padEnd(WIDTH)
      return styleText(isAsMeant(cell, arrived) ? 'green' : 'red', text)
    })
    return [name.padEnd(nameWidth), ...texts].join('  ').trimEnd()
  })
  return [head, ...lines].join('\n')
}
