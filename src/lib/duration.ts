const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
type Unit = keyof typeof MILLISECONDS

const LONGEST_MS = 365 * MILLISECONDS.d

/** A length of time as a whole number, one space and a unit: `'500 ms'`, `'10 s'`, `'1 m'`, `'2 h'`, `'30 d'`. */
export type Duration = `${number} ${Unit}`

/**
 * Milliseconds of a duration such as `'10 s'`, or undefined unless it is a positive whole number without
 * leading zeros, exactly one space and a unit, and at most 365 days.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,10}) (ms|s|m|h|d)$/.exec(text)
  if (!match) return undefined
  const total = Number(match[1]) * MILLISECONDS[match[2] as Unit]
  return total <= LONGEST_MS ? total : undefined
}
