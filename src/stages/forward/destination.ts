import { allow, deny, type Env, type Result } from '../../contract.ts'
import { canonicalPath } from '../../lib/path.ts'

export interface Destination {
  url: URL
  /** Path of the URL var before the request's own, without a slash at its end. */
  base: string
  fetch: typeof fetch
}

/** Resolves the name of a URL var or of a binding with `fetch`, and joins it with the path that was decided on. */
export function destination(
  env: Env,
  name: string,
  at: { host: string; path: string; search: string },
): Result<Destination> {
  const path = canonicalPath(at.path)
  // A path that `forward.path` made of decoded parameters could be read a second time.
  if (!path.ok || path.path !== at.path) {
    return deny(
      'malformed_target',
      'forward.path made a path that is not canonical; encode what it takes from params',
    )
  }
  const target = `${path.path}${at.search}`
  const bound = env[name]
  if (isFetcher(bound)) {
    return allow({ url: new URL(`https://${at.host}${target}`), base: '', fetch: bound.fetch.bind(bound) })
  }
  const url = typeof bound === 'string' ? URL.parse(bound) : null
  if (url === null || !/^https?:$/.test(url.protocol) || `${url.search}${url.hash}${url.username}` !== '') {
    return deny(
      'not_configured',
      `forward.to: ${name} is not an http(s) URL without query, and no binding with fetch`,
    )
  }
  const base = url.pathname.replace(/\/$/, '')
  return allow({ url: new URL(`${url.origin}${base}${target}`), base, fetch: fetch.bind(globalThis) })
}

const isFetcher = (value: unknown): value is { fetch: typeof fetch } =>
  typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function'
