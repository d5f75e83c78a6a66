import { parseArgs } from 'node:util'
import { parseDuration } from '../lib/duration.ts'
import { nearest } from './nearest.ts'

/** A command line that cannot be meant; the message names the word and the fix. */
export class UsageError extends Error {}

export interface Arguments {
  words: readonly string[]
  /** Every value of each option that was given. */
  options: ReadonlyMap<string, readonly string[]>
}

/** Reads words and options, each with a value; only those of `repeatable` may come twice. */
export function readArguments(
  args: readonly string[],
  known: readonly string[],
  repeatable: readonly string[] = [],
): Arguments {
  const declared = Object.fromEntries(
    known.map((name) => [name, { type: 'string' as const, multiple: true }]),
  )
  const { tokens } = parseArgs({ args: [...args], options: declared, strict: false, tokens: true })
  const words: string[] = []
  const options = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const { rawName, name, value } = token
    if (!rawName.startsWith('--') || !known.includes(name)) throw new UsageError(unknown(rawName, known))
    if (value === undefined || (!token.inlineValue && value.startsWith('--')))
      throw new UsageError(`${rawName} needs a value`)
    const before = options.get(name) ?? []
    if (before.length > 0 && !repeatable.includes(name)) throw new UsageError(`${rawName} is given twice`)
    options.set(name, [...before, value])
  }
  return { words, options }
}

/** The value of an option that comes once, or undefined. */
export const optionOf = ({ options }: Arguments, name: string): string | undefined => options.get(name)?.[0]

/** Milliseconds; a slip of the finger makes what is longer. */
const LONGEST_MS = 100 * 365 * 86_400_000

/** Milliseconds of `24h`, `30d` or `'10 s'`. */
export function lengthOf(text: string, option: string): number {
  const [, count, unit] = /^(\d{1,11}) ?([a-z]+)$/.exec(text) ?? []
  const ms = Number(count) * (parseDuration(`1 ${unit}`) ?? Number.NaN)
  if (ms > 0 && ms <= LONGEST_MS) return ms
  const what = ms === 0 ? 'length of time above 0' : 'length of time'
  throw new UsageError(`${option}: '${text}' is no ${what}; write 90m, 24h or 30d`)
}

/** Milliseconds since the epoch of `now` or of an ISO 8601 date or moment. */
export function momentOf(text: string, option: string, now: number): number {
  if (text === 'now') return now
  const [, date] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.exec(text) ?? []
  const ms = date === undefined ? Number.NaN : Date.parse(text)
  // Date.parse takes the 30th of February for a day in March.
  if (Number.isNaN(ms) || !isDay(date))
    throw new UsageError(`${option}: '${text}' is no moment; write 2026-12-31 or 2026-12-31T12:00:00Z`)
  return ms
}

function isDay(date = ''): boolean {
  const ms = Date.parse(date)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date)
}

/** What is wrong with a word that is none of a list. */
export function notOneOf(word: string | undefined, words: readonly string[], what: string): string {
  if (word === undefined) return `${what} is missing; write one of ${words.join(', ')}`
  const meant = nearest(word, words)
  return `'${word}' is no ${what}; ${meant === undefined ? `write one of ${words.join(', ')}` : `did you mean ${meant}?`}`
}

function unknown(rawName: string, known: readonly string[]): string {
  const meant = nearest(rawName.replace(/^-+/, ''), known)
  const hint = meant === undefined ? `the options are --${known.join(', --')}` : `did you mean --${meant}?`
  return `${rawName} is not an option; ${hint}`
}
