/** Why a path or query is refused. */
export type PathFault =
  | 'start'
  | 'separator'
  | 'control'
  | 'character'
  | 'escape'
  | 'empty-segment'
  | 'encoding'
  | 'dot-segment'

/** A canonical path and its segments, percent-decoded once; `/a/` has a last segment that is empty. */
export type CanonicalPath = { ok: true; path: string; segments: string[] } | { ok: false; fault: PathFault }

/**
 * The one spelling of the raw path part of a URL (RFC 3986 section 6.2.2): escaped unreserved characters decoded,
 * other escapes in upper case, nothing decoded twice.
 *
 * Refuses what routers, URL parsers and origins resolve differently: dot segments and separators in any
 * encoding, empty segments, escaped control characters, broken escapes and bytes that are not UTF-8. What it
 * accepts a URL parser leaves as it is.
 */
export function canonicalPath(target: string): CanonicalPath {
  const fault = pathFault(target)
  if (fault) return { ok: false, fault }
  const path = target.replace(/%[0-9A-Fa-f]{2}/g, canonicalEscape)
  let segments: string[]
  try {
    segments = path.slice(1).split('/').map(decodeURIComponent)
  } catch {
    return { ok: false, fault: 'encoding' }
  }
  if (segments.some(isDotSegment)) return { ok: false, fault: 'dot-segment' }
  return { ok: true, path, segments }
}

function pathFault(target: string): PathFault | undefined {
  if (!target.startsWith('/')) return 'start'
  if (/\\|%5c|%2f/i.test(target)) return 'separator'
  if (/%(?:[01][0-9a-f]|7f)/i.test(target)) return 'control'
  // pchar and the slash (RFC 3986 section 3.3).
  if (/[^A-Za-z0-9\-._~!$&'()*+,;=:@%/]/.test(target)) return 'character'
  if (/%(?![0-9A-Fa-f]{2})/.test(target)) return 'escape'
  if (target.includes('//')) return 'empty-segment'
  return undefined
}

function canonicalEscape(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped.toUpperCase()
}

/** Servlet containers drop what follows `;` before they resolve dots, so `..;a=b` climbs there. */
function isDotSegment(segment: string): boolean {
  const [name] = segment.split(';', 1)
  return name === '.' || name === '..'
}

/**
 * The fault of a raw query, with or without its `?`, or undefined for one that every URL parser leaves as it is.
 *
 * Allowed are the characters of RFC 3986 section 3.4 but `'`, which URL parsers escape, and the brackets, braces,
 * `|`, `^` and backtick, which they leave alone. Escaped control characters are data here, but for `%00`.
 */
export function queryFault(search: string): PathFault | undefined {
  if (/%00/.test(search)) return 'control'
  if (/[^A-Za-z0-9\-._~!$&()*+,;=:@%/?[\]{}|^`]/.test(search)) return 'character'
  if (/%(?![0-9A-Fa-f]{2})/.test(search)) return 'escape'
  try {
    decodeURIComponent(search)
  } catch {
    return 'encoding'
  }
  return undefined
}
