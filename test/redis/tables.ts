/** A row of a page's table: the text of each cell, under its column's heading. */
export type Row = Readonly<Record<string, string>>

/** The rows of the one table of a Markdown page whose first column has this heading; throws where there is another number. */
export function tableOf(page: string, heading: string): Row[] {
  const lines = page.split('\n')
  const starts = lines.flatMap((line, i) => (cellsOf(line)[0] === heading ? [i] : []))
  const [at] = starts
  if (at === undefined || starts.length > 1)
    throw new Error(`${starts.length} tables begin with '${heading}'`)
  const headings = cellsOf(lines[at] ?? '')
  const end = lines.findIndex((line, i) => i > at && !line.startsWith('|'))
  return lines.slice(at + 2, end === -1 ? lines.length : end).map((line) => {
    const cells = cellsOf(line)
    if (cells.length !== headings.length) throw new Error(`${cells.length} cells in '${line}'`)
    return Object.fromEntries(headings.map((name, i) => [name, cells[i] ?? '']))
  })
}

/** The text of a cell that the table is known to have. */
export function cellOf(row: Row, heading: string): string {
  const text = row[heading]
  if (text === undefined) throw new Error(`no column '${heading}'`)
  return text
}

/** What stands as code in a cell. */
export function codeOf(row: Row, heading: string): string {
  const [, code] = /^`([^`]+)`$/.exec(cellOf(row, heading)) ?? []
  if (code === undefined) throw new Error(`'${cellOf(row, heading)}' is no code`)
  return code
}

/** A whole or decimal number, such as `1,000,000` or `$0.20`. */
export function numberOf(text: string): number {
  if (!/^\$?[0-9][0-9,]*(\.[0-9]+)?$/.test(text)) throw new Error(`'${text}' is no number`)
  return Number(text.replaceAll(/[$,]/g, ''))
}

function cellsOf(line: string): string[] {
  if (!line.startsWith('|')) return []
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}
