import { cellOf, codeOf, type Row, tableOf } from './tables.ts'

/** A row of the state dictionary, ready to be compared with what a server holds. */
export interface Entry {
  /** The row as people read it. */
  name: string
  key: RegExp
  value: RegExp
  /** Milliseconds, from what the value says and what the test knows; -1 for a key that stays, as Redis says it. */
  ttlMs(groups: Groups): number
  writers: string[]
  bytes: { plain: number; digest: number | undefined }
}

export type Groups = Readonly<Record<string, string | undefined>>
/** A name of the TTL column that no value holds, such as `leaseMs`. */
export type Known = Readonly<Record<string, number>>

/** The dictionary's rows, compiled from the page alone. */
export function dictionaryOf(page: string, known: Known): Entry[] {
  const words = new Map(tableOf(page, 'word').map((row) => [codeOf(row, 'word'), codeOf(row, 'form')]))
  const used = new Set<string>()
  const entries = tableOf(page, 'key in Redis').map((row) => entryOf(row, words, used, known))
  const unused = [...words.keys()].filter((word) => !used.has(word))
  if (unused.length > 0) throw new Error(`no row uses ${unused.join(', ')}`)
  return entries
}

function entryOf(row: Row, words: ReadonlyMap<string, string>, used: Set<string>, known: Known): Entry {
  const [key, value] = [codeOf(row, 'key in Redis'), codeOf(row, 'value')]
  const ttl = codeOf(row, 'TTL')
  const [, plain, digest] = /^(\d+)(?:, with a digest (\d+))?$/.exec(cellOf(row, 'bytes')) ?? []
  if (plain === undefined) throw new Error(`bytes of ${key}: '${cellOf(row, 'bytes')}'`)
  return {
    name: `${key} = ${value}`,
    key: patternOf(key, words, used),
    value: patternOf(value, words, used),
    ttlMs: (groups) => (ttl === 'none' ? -1 : evaluate(ttl, { ...known, ...numbersOf(groups) })),
    writers: cellOf(row, 'written by').split(', ').sort(),
    bytes: { plain: Number(plain), digest: digest === undefined ? undefined : Number(digest) },
  }
}

/** `<word>` stands for the word's form, and everything else for itself. */
function patternOf(text: string, words: ReadonlyMap<string, string>, used: Set<string>): RegExp {
  const parts = text.split(/(<[a-z]+>)/i).map((part) => {
    const form = words.get(part)
    if (form === undefined) {
      if (part.startsWith('<')) throw new Error(`${part} is not among the words`)
      return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    }
    used.add(part)
    return `(?<${part.slice(1, -1)}>${form})`
  })
  return new RegExp(`^${parts.join('')}$`)
}

function numbersOf(groups: Groups): Known {
  return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, Number(text)]))
}

/** Sums of products, such as `⌈used ÷ refill⌉ × windowMs + 1 s`. */
function evaluate(text: string, names: Known): number {
  const factor = (part: string): number => {
    const [, above, below] = /^⌈(\w+) ÷ (\w+)⌉$/.exec(part) ?? []
    if (above !== undefined && below !== undefined) return Math.ceil(factor(above) / factor(below))
    const [, seconds] = /^(\d+) s$/.exec(part) ?? []
    if (seconds !== undefined) return Number(seconds) * 1000
    const value = /^\d+$/.test(part) ? Number(part) : names[part]
    if (value === undefined || Number.isNaN(value)) throw new Error(`TTL '${text}': what is '${part}'?`)
    return value
  }
  const product = (part: string) => part.split(' × ').reduce((all, each) => all * factor(each), 1)
  return text.split(' + ').reduce((sum, part) => sum + product(part), 0)
}
