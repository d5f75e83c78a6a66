/** One contestant's rounds: microseconds of CPU for each request. */
export interface Figures {
  name: string
  title: string
  rounds: readonly number[]
}

export interface Row {
  name: string
  title: string
  /** Microseconds of CPU for each request: the median of the rounds, the lowest and the highest. */
  median: number
  lowest: number
  highest: number
  /** The median, with the first contestant's as 1. */
  ratio: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function rowsOf(all: readonly Figures[]): Row[] {
  const unit = median(all[0]?.rounds ?? [])
  return all.map(({ name, title, rounds }) => ({
    name,
    title,
    median: median(rounds),
    lowest: Math.min(...rounds),
    highest: Math.max(...rounds),
    ratio: median(rounds) / unit,
  }))
}

/** What one contestant costs with another as 1; undefined when one of them did not run. */
export function ratioBetween(rows: readonly Row[], name: string, other: string): number | undefined {
  const [a, b] = [name, other].map((sought) => rows.find((row) => row.name === sought)?.median)
  return a === undefined || b === undefined ? undefined : a / b
}

/** Lines of a table, columns apart by two spaces. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(({ title, median, lowest, highest, ratio }) => [
    title,
    median.toFixed(0),
    `${lowest.toFixed(0)}–${highest.toFixed(0)}`,
    ratio.toFixed(2),
  ])
  const lines = [['', 'µs of CPU a request', 'spread', 'ratio'], ...cells]
  const widths = [0, 1, 2, 3].map((at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  const align = (cell: string, at: number) =>
    at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)
  return lines.map((line) => line.map(align).join('  ')).join('\n')
}
