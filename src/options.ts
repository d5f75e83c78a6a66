// Checks of a route's options at load: the compiler refuses the same mistakes, and not everybody runs it.

/** Reports a mistake in an option; the caller adds route and file. */
export type Fail = (option: string, problem: string) => never

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
  fail(option, `'${String(value)}' is not known; use one of ${values.join(', ')}`)
}

/** Refuses what is no function where one is read; undefined stands for the default. */
export function functionOnly(value: unknown, option: string, fail: Fail): void {
  if (value !== undefined && typeof value !== 'function')
    fail(option, `is ${String(value)}; use a function of the request's facts`)
}

/** Runs a compiler of one option, so that its complaint names the route too. */
export function within<T>(option: string, fail: Fail, compile: () => T): T {
  try {
    return compile()
  } catch (error) {
    return fail(option, error instanceof Error ? error.message.replace(`${option}: `, '') : 'is not valid')
  }
}
