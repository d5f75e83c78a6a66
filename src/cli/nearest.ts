/** Edits that a slip of the finger makes, at most: one in three characters, and never more than three. */
const MAX_EDITS = 3
const CHARACTERS_AN_EDIT = 3

/** The name that was most likely meant, or undefined when none is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((other) => ({ other, edits: editsBetween(name, other) }))
    .filter(({ other, edits }) => {
      const length = Math.max(name.length, other.length)
      return edits <= MAX_EDITS && edits * CHARACTERS_AN_EDIT <= length
    })
    .sort((a, b) => a.edits - b.edits)
  return best?.other
}

/** Levenshtein's distance, row by row. */
function editsBetween(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, char] of [...a].entries()) {
    const row = [i + 1]
    for (let j = 1; j <= b.length; j++) {
      const kept = (above[j - 1] ?? 0) + Number(b[j - 1] !== char)
      row.push(Math.min(kept, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    above = row
  }
  return above.at(-1) ?? 0
}
