import { putApiKey, removeApiKey } from './api-keys.ts'
import { forget } from './forget.ts'
import { gate } from './gate.ts'
import { giveBack } from './give-back.ts'
import { prelude } from './prelude.ts'
import { refuse } from './refuse.ts'
import { release } from './release.ts'

/** The scripts as they are written. No Worker carries these texts: what is sent are the packed ones. */
export const written = { gate, giveBack, release, forget, refuse, putApiKey, removeApiKey }

/** Words of Lua, and what the server gives a script: these keep their names. */
const KEPT = new Set(
  `and break do else elseif end false for function if in local nil not or repeat return then true until while
  ARGV KEYS ipairs math redis string table tonumber tostring unpack`.split(/\s+/),
)
const TOKEN =
  /'[^'\n]*'|[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e-?\d+)?|\.\.|[~<>=]=|[-+*/%#<>=(){}[\],.]|\n|[^\S\n]+|./g
const NAME = /^[A-Za-z_]/

/**
 * The text of `packed.ts`: every script without comments, empty lines and spaces that say nothing, and with a letter or two for
 * each name of its own. The prelude stands there once.
 */
export function packedModule(): string {
  const names = shortNames([prelude, ...Object.values(written)].flatMap(tokensOf))
  const begin = pack(prelude, names)
  const scripts = Object.entries(written).map(([name, script]) => {
    const source = pack(script, names)
    const text = source.startsWith(begin) ? `\`\${prelude}${source.slice(begin.length)}\`` : `\`${source}\``
    return `  ${name}: ${text},\n`
  })
  return `// Made of the scripts beside it by \`vitest run --config test/vitest.config.ts test/unit/upstash -u\`; do not edit.
const prelude = \`${begin}\`

export const packed = {
${scripts.join('')}}
`
}

/** The tokens, none for space; one line end for several. In our scripts a comment has a line of its own. */
function tokensOf(script: string): string[] {
  const lines = script.split('\n').map((line) => line.trim())
  const told = lines.filter((line) => line !== '' && !line.startsWith('--'))
  const tokens = `${told.join('\n')}\n`.match(TOKEN) ?? []
  return tokens.filter((token) => token.trim() !== '' || token === '\n')
}

/** What others read: a function of the server's, and the letters of the layout. The fields of a limit are the script's own. */
const isForeign = (tokens: readonly string[], at: number): boolean =>
  tokens[at - 1] === '.' && (KEPT.has(tokens[at - 2] ?? '') || tokens[at]?.length === 1)

/** One short name for each name, whatever its scope, and for the field that is called so: the shortest for those that are written most often. */
function shortNames(tokens: readonly string[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>()
  tokens.forEach((token, at) => {
    if (!NAME.test(token) || KEPT.has(token) || isForeign(tokens, at)) return
    counts.set(token, (counts.get(token) ?? 0) + 1)
  })
  const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ']
  // No word of Lua ends in a digit.
  const short = [...letters, ...letters.map((letter) => `${letter}1`)]
  const byCount = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  return new Map(
    byCount.map(([name], i) => {
      const given = short[i]
      if (given === undefined) throw new RangeError('the scripts have more names than there are short ones')
      return [name, given]
    }),
  )
}

function pack(script: string, names: ReadonlyMap<string, string>): string {
  const tokens = tokensOf(script)
  const given = tokens.map((token, at) => (isForeign(tokens, at) ? token : (names.get(token) ?? token)))
  return given.map((token, at) => (needsSpace(given[at - 1] ?? '', token) ? ` ${token}` : token)).join('')
}

/** Between two words, between a number and the dots of a text, and where a comment would begin. */
const needsSpace = (before: string, token: string): boolean =>
  (/\w$/.test(before) && /^\w/.test(token)) ||
  (/^\d/.test(before) && token === '..') ||
  (before === '..' && /^\d/.test(token)) ||
  (before === '-' && token === '-')
