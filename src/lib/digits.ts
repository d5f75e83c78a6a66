/** The values of an alphabet's digits, by their character codes; -1 for every other. */
export function valuesOf(alphabet: string): Int8Array {
  const values = new Int8Array(128).fill(-1)
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value
  return values
}

/** The value of a digit, or -1: that has all its bits set, and stays negative whatever it is shifted by and joined with. */
export function valueAt(values: Int8Array, text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (values[code] ?? -1) : -1
}
