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
 * `;parameters`, an extension: each spelling would be a way around the declared route.
 */
export function resembles(path: string, patterns: readonly Pattern[]): boolean {
  const folded = fold(path.split('/').slice(1))
  return patterns.some(({ segments, open }) => {
    if (open ? folded.length < segments.length : folded.length !== segments.length) return false
    return segments.every((segment, i) => 'param' in segment || segment.literal.toLowerCase() === folded[i])
  })
}

function fold(segments: readonly string[]): string[] {
  const folded = segments.map((segment) => {
    const [name = ''] = decodeURIComponent(segment).toLowerCase().split(';')
    return name.replace(/[. ]+$/, '')
  })
  while (folded.at(-1) === '') folded.pop()
  // A literal with a dot of its own loses its extension too: better one path too many refused.
  return folded.map((segment, i) => (i === folded.length - 1 ? segment.replace(/\.[a-z0-9]+$/, '') : segment))
}
