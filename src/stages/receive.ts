import { allow, deny, type Received, type RequestHeaders, type Result } from '../contract.ts'
import { canonicalPath, queryFault } from '../lib/path.ts'

/** Bytes of path and query; Cloudflare refuses URLs over 16 KB by itself. */
const MAX_TARGET_BYTES = 8192
/** Bytes of all header names and values. */
const MAX_HEADER_BYTES = 32_768
/** Distinct header names. */
const MAX_HEADERS = 100

/** A reg-name or an IPv4 address with an optional port: no userinfo, no path, no IPv6 literal (RFC 9112 section 3.2). */
const HOST = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?$/

export const isHost = (text: string): boolean => HOST.test(text)

/**
 * The first door: one canonical path, a Host that is served here, and bounded headers, before any router looks.
 * workerd hands over the raw target, and a Host with a path in it moves where the path begins (RFC 9112 section 3.3).
 */
export function receive(
  request: Request,
  hosts: ReadonlySet<string>,
  now: number,
  id: string,
): Result<Received> {
  const read = readHeaders(request.headers)
  if (!read.ok) return read
  const headers = read.value
  const scheme = request.url.startsWith('https://') ? 'https' : 'http'
  const named = headers.get('host')?.toLowerCase()
  if (named === undefined || !isHost(named))
    return deny('malformed_host', 'Host is missing or not a host name with a port')
  const host = named.replace(scheme === 'https' ? /:443$/ : /:80$/, '')
  if (!hosts.has(host)) return deny('host_not_served', 'Host is not in PUBLIC_HOSTS')
  const target = targetOf(request.url, scheme, host, named)
  if (target === undefined)
    return deny('malformed_host', 'the request URL does not begin with the Host header')
  if (target.length > MAX_TARGET_BYTES) {
    const measure = { limit: MAX_TARGET_BYTES, actual: target.length, unit: 'bytes' } as const
    return deny('target_too_long', 'the request target is too long', { measure })
  }
  const mark = target.indexOf('?')
  const path = canonicalPath(mark === -1 ? target : target.slice(0, mark))
  if (!path.ok) return deny('malformed_target', `the path is refused: ${path.fault}`)
  // fetch() would write the apostrophe as %27: the proof and the origin have to see one spelling.
  const search = mark === -1 || mark === target.length - 1 ? '' : target.slice(mark).replaceAll("'", '%27')
  const fault = queryFault(search)
  if (fault !== undefined) return deny('malformed_target', `the query is refused: ${fault}`)
  return allow({ id, request, headers, now, method: request.method, host, scheme, path: path.path, search })
}

/** The raw target, or undefined where the URL's authority is not the Host header. */
function targetOf(url: string, scheme: string, host: string, named: string): string | undefined {
  const rest = url.slice(scheme.length + 3)
  for (const authority of [named, host]) {
    if (rest.slice(0, authority.length).toLowerCase() !== authority) continue
    const target = rest.slice(authority.length)
    if (target.startsWith('/')) return target
  }
  return undefined
}

/** Control characters but for the tab: workerd lets some through, and no header means them (RFC 9110 section 5.5). */
const CONTROL = /[^\t -~\u0080-\uffff]/

/** Bounded headers without control characters, and a body framed in the one way that every hop reads alike. */
function readHeaders(headers: Headers): Result<RequestHeaders> {
  const read = new Map<string, string>()
  let count = 0
  let bytes = 0
  for (const [name, value] of headers) {
    count++
    bytes += name.length + value.length
    if (CONTROL.test(value)) return deny('malformed_header', 'a header holds a control character')
    // Set-Cookie alone comes in lines of its own.
    const before = read.get(name)
    read.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  if (count > MAX_HEADERS) {
    const measure = { limit: MAX_HEADERS, actual: count, unit: 'count' } as const
    return deny('headers_too_large', 'too many headers', { measure })
  }
  if (bytes > MAX_HEADER_BYTES) {
    const measure = { limit: MAX_HEADER_BYTES, actual: bytes, unit: 'bytes' } as const
    return deny('headers_too_large', 'the headers are too large', { measure })
  }
  const coding = read.get('transfer-encoding')
  if (coding === undefined || coding.toLowerCase() === 'chunked') return allow(read)
  return deny('malformed_header', 'Transfer-Encoding is not chunked, once')
}
