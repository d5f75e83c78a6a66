import { allow, deny, type Identified, type Result } from '../contract.ts'
import type { Place, Presented } from './scheme.ts'

/** More than any credential needs; the schemes have tighter caps of their own. */
const MAX_CHARS = 16_384
const MAX_SCHEME_CHARS = 33
const SCHEME = /^([A-Za-z][A-Za-z0-9_-]{0,31})(?: |$)/
/** Longer texts are left to their schemes, which look at each character anyway. */
const SHORT_CHARS = 1024
/** RFC 9110 section 11.2. */
const TOKEN68 = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * Finds the one credential of a request. Undefined when there is none at the given places; refused when there are two, in
 * whatever places (RFC 6750 section 2), or when one is not of the form of a credential at all.
 */
export function present(facts: Identified, places: readonly Place[]): Result<Presented | undefined> {
  const found: Presented[] = []
  const authorization = facts.headers.get('authorization')
  // Longer than any scheme's name and credential: not looked through.
  if (authorization !== undefined && authorization.length > MAX_CHARS + MAX_SCHEME_CHARS)
    return tooLong(authorization)
  const authorized = authorization === undefined ? undefined : readAuthorization(authorization, places)
  if (authorized && !authorized.ok) return authorized
  if (authorized?.value) found.push(authorized.value)
  for (const place of places) {
    if (place.in !== 'header') continue
    const text = facts.headers.get(place.name)
    if (text === undefined) continue
    if (text.includes(',')) return repeated('the header of the credential came more than once')
    found.push({ place, text })
  }
  // An Authorization header of another scheme is no credential here, but the origin may believe it.
  const others = authorization !== undefined && authorized?.value === undefined ? 1 : 0
  const first = found[0] ?? certificateOf(facts, places)
  if (first === undefined) return allow(undefined)
  // A certificate comes with the connection, and may be what a token is bound to: beside a credential of ours it is none.
  if (found.length + others > Math.min(found.length, 1)) {
    return repeated('credentials came in more than one place')
  }
  if (first.place.in === 'certificate') return allow(first)
  if (first.text.length > MAX_CHARS) return tooLong(first.text)
  return first.text.length > SHORT_CHARS || isToken68(first.text) ? allow(first) : malformed
}

/** Whether a text is of the form of a credential. */
export const isToken68 = (text: string): boolean => TOKEN68.test(text)

/** The credential of a known scheme, undefined for another scheme; what no scheme could mean is refused. */
function readAuthorization(field: string, places: readonly Place[]): Result<Presented | undefined> {
  const name = SCHEME.exec(field)?.[1]?.toLowerCase()
  const place = places.find((place) => place.in === 'authorization' && place.scheme === name)
  // Two header fields arrive as one, joined by a comma, which no token holds.
  if (field.includes(',') && (place !== undefined || namesOne(field, places))) {
    return repeated('the Authorization header came more than once')
  }
  if (place === undefined || name === undefined) return name === undefined ? malformed : allow(undefined)
  const text = field.slice(name.length + 1)
  return text === '' ? malformed : allow({ place, text })
}

/** Whether a field of several parts has one of ours behind the first. */
const namesOne = (field: string, places: readonly Place[]): boolean =>
  field
    .slice(0, MAX_CHARS)
    .toLowerCase()
    .split(',', 8)
    .some((part) =>
      places.some((place) => place.in === 'authorization' && part.trim().startsWith(`${place.scheme} `)),
    )

/**
 * RFC 6750 section 2.3: a token in the query is never read, and counts as a second one beside another. The engine asks last,
 * since a query may be long.
 */
export const isInQuery = ({ search }: Pick<Identified, 'search'>): boolean =>
  search !== '' && new URLSearchParams(search).has('access_token')

/** The certificate of the connection, whatever Cloudflare says of it. */
function certificateOf({ certificate }: Identified, places: readonly Place[]): Presented | undefined {
  const place = places.find((place) => place.in === 'certificate')
  return place !== undefined && certificate !== undefined ? { place, text: '' } : undefined
}

const tooLong = (text: string) =>
  deny('credential_refused', 'the credential is too long', {
    measure: { limit: MAX_CHARS, actual: text.length, unit: 'bytes' },
  })
export const repeated = (reason: string) => deny('credential_repeated', reason)
const malformed = deny('credential_refused', 'the credential is not of the form of one')
