import { type Duration, parseDuration } from './lib/duration.ts'

// Checks of options at load: the compiler refuses the same mistakes, and not everybody runs it.

/** Reports a mistake in an option; the caller adds route and file. */
export type Fail = (option: string, problem: string) => never

const NAME = /^[a-z][a-z0-9-]{0,31}$/

/** A value as messages show it: a text stands in quotes, so that `'5'` is not taken for 5. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? 'a list' : 'an object'
}

/** A name as a list has it, and in quotes where its ends would be lost: a separator. */
const quoted = (value: string): string => (/^\w(?:.*\w)?$/.test(value) ? value : `'${value}'`)

/** What is wrong with a value that has to be there. */
export const missingOr = (value: unknown): string =>
  value === undefined ? 'is missing' : `is ${shown(value)}`

/** True for what can hold options by name. */
export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Refuses an option that nobody reads: a slip in a guard's name would leave the route without it. */
export function knownOnly(options: object, names: readonly string[], at: string, fail: Fail): void {
  for (const name of Object.keys(options)) {
    if (!names.includes(name))
      fail(`${at}${name}`, `is not an option; the options here are ${names.join(', ')}`)
  }
}

/** Refuses a value that is not one of a closed list; undefined stands for the default. */
export function oneOf(value: unknown, values: readonly string[], option: string, fail: Fail): void {
  if (value === undefined || values.includes(value as string)) return
  fail(option, `${shown(value)} is not known; use one of ${values.map(quoted).join(', ')}`)
}

/** Refuses what is no function where one is read; undefined stands for the default. */
export function functionOnly(value: unknown, option: string, fail: Fail): void {
  if (value !== undefined && typeof value !== 'function')
    fail(option, `is ${shown(value)}; use a function of the request's facts`)
}

/**
 * Refuses a schema with a part that answers later: checks are not waited for, so that everything would pass it. Undefined
 * stands for no schema.
 */
export function promptOnly(schema: unknown, option: string, fail: Fail): void {
  const seen = new Set<unknown>()
  const pending: unknown[] = [schema]
  while (pending.length > 0) {
    const part = pending.pop()
    if (typeof part !== 'object' || part === null || seen.has(part)) continue
    seen.add(part)
    if ('async' in part && part.async === true)
      fail(option, 'has an asynchronous part; use only schemas and checks that answer at once')
    pending.push(...Object.values(part))
  }
}

/** Refuses what could not stand in a header as the name of a limit. */
export function nameOnly(value: unknown, option: string, fail: Fail): void {
  if (typeof value !== 'string' || !NAME.test(value))
    fail(option, `${shown(value)} is not a name; use lower-case letters, digits and '-'`)
}

/** Milliseconds of a duration, or fails; `also` says what else may stand there. */
export function durationOf(value: Duration | undefined, option: string, fail: Fail, also = ''): number {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined
  if (ms !== undefined) return ms
  const fault = value === undefined ? 'is missing' : `${shown(value)} is not a duration`
  return fail(option, `${fault}; write a whole number, a space and ms, s, m, h or d: '10 s'${also}`)
}

/** Runs a compiler of one option, so that its complaint names the route too. */
export function within<T>(option: string, fail: Fail, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    return fail(option, error instanceof Error ? error.message.replace(`${option}: `, '') : 'is not valid')
  }
}
