/**
 * One key for all spellings of a header name that an origin may fold together: lower case, with everything but
 * letters and digits as `-`. CGI and WSGI turn `-`, and some servers `.`, into `_`.
 */
export function fieldKey(name: string): string {
  // Only ASCII letters may change case: the Kelvin sign would become a k.
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/[^a-z0-9]/g, '-')
}

/** Lower-case names that a Connection header value nominates as hop-by-hop (RFC 9110 section 7.6.1). */
export function connectionNominated(value: string | null | undefined): Set<string> {
  const names = new Set<string>()
  for (const option of (value ?? '').split(',')) {
    const name = option.trim().toLowerCase()
    if (name !== '') names.add(name)
  }
  return names
}
