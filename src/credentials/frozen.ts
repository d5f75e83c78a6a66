/** The same value, its objects and lists frozen with all that they hold: what is verified is given to many requests. */
export function frozen<T>(value: T): T {
  freeze(value)
  return value
}

/**
 * Freezes a value with all that it holds. False where something in it is no plain object or list, such as a Set, a Date or
 * bytes: what a schema makes of that kind stays open to whoever has it, so that no two requests may have the same one.
 */
export function freeze(value: unknown, seen = new Set<unknown>()): boolean {
  if (typeof value === 'function') return false
  if (typeof value !== 'object' || value === null || seen.has(value)) return true
  if (!isPlain(value)) return false
  seen.add(value)
  Object.freeze(value)
  let isWhole = true
  // Also in what was frozen before: that may be so at its surface alone.
  for (const name of Reflect.ownKeys(value)) isWhole = freeze(Reflect.get(value, name), seen) && isWhole
  return isWhole
}

function isPlain(value: object): boolean {
  const kind: unknown = Object.getPrototypeOf(value)
  return kind === Object.prototype || kind === Array.prototype || kind === null
}
