/** The same value, its objects and lists frozen with all that they hold: what is verified is given to many requests. */
export function frozen<T>(value: T): T {
  if (!isPlain(value) || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const member of Object.values(value)) frozen(member)
  return value
}

/** What a schema may make beside it, such as bytes, cannot always be frozen. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const kind: unknown = Object.getPrototypeOf(value)
  return kind === Object.prototype || kind === Array.prototype || kind === null
}
