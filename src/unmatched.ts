import { anonymous } from './anonymous.ts'
import { compileRoute } from './compile.ts'
import type { DestinationName } from './names.ts'
import type { Pattern } from './pattern.ts'
import type { Route } from './route.ts'

/**
 * The route of paths that nobody declared, for an app that is not declared whole yet: seen, recorded and passed on
 * without proof.
 */
export const unmatchedRoute = (to: DestinationName): Route =>
  compileRoute({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    path: '/*',
    owner: 'unmatched',
    sensitivity: 'public',
    mode: 'report',
    authenticate: anonymous(),
    forward: { to, body: 'verbatim' },
  })

/**
 * Would some origin take this path for one that a pattern declares? Frameworks ignore case, a slash or dot at the end,
 * `;parameters`, an extension, and some decode twice: each spelling would be a way around the declared route. Where in
 * doubt it is refused: such a path can be declared.
 */
export function resembles(path: string, patterns: readonly Pattern[]): boolean {
  const folded = path.split('/').slice(1).map(fold)
  // `/orders/` and `/orders/.json` are `/orders` to some.
  while (folded.at(-1)?.replace(/^\..*/, '') === '') folded.pop()
  return patterns.some(({ segments, open }) => {
    const last = segments.at(-1)
    // A script's name may be followed by more path: `/pay.php/x` runs pay.php.
    const isOpen = open || (last !== undefined && 'literal' in last && last.literal.includes('.'))
    if (isOpen ? folded.length < segments.length : folded.length !== segments.length) return false
    return segments.every(
      (segment, i) =>
        'param' in segment ||
        isAlike(fold(segment.literal), folded[i] ?? '', !open && i === segments.length - 1),
    )
  })
}

/** Equal, or at the end of the path equal up to extensions on either side. */
function isAlike(literal: string, segment: string, isLast: boolean): boolean {
  if (segment === literal) return true
  const name = literal.replace(/\.[^.]*$/, '')
  return isLast && (segment === name || segment.startsWith(`${name}.`))
}

function fold(segment: string): string {
  let text = segment
  // Until nothing is left to decode: canonical paths decode at least once.
  for (let i = 0; i < 4 && text.includes('%'); i++) text = decodedOnce(text)
  const [name = ''] = text.normalize('NFKC').toLowerCase().split(';')
  return name.replace(/[.\s]+$/, '')
}

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
