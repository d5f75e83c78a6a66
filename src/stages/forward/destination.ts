import { allow, deny, type Env, type Result } from '../../contract.ts'
import { canonicalPath } from '../../lib/path.ts'

export interface Destination {
  url: URL
  fetch: typeof fetch
}

/** Resolves the name of a URL var or of a binding with `fetch`, and joins it with the path that was decided on. */
export function destination(
  env: Env,
  name: string,
  at: { host: string; path: string; search: string },
): Result<Destination> {
  const path = canonicalPath(at.path)
  if (!path.ok) return deny('internal_error', `forward.path made a path that is refused: ${path.fault}`)
  const target = `${path.path}${at.search}`
  const bound = env[name]
  if (isFetcher(bound))
    return allow({ url: new URL(`https://${at.host}${target}`), fetch: bound.fetch.bind(bound) })
  const base = typeof bound === 'string' ? URL.parse(bound) : null
  if (
    base === null ||
    !/^https?:$/.test(base.protocol) ||
    base.search !== '' ||
    base.hash !== '' ||
    base.username !== ''
  ) {
    return deny(
      'not_configured',
      `forward.to: ${name} is not an http(s) URL without query, and no binding with fetch`,
    )
  }
  return allow({
    url: new URL(`${base.origin}${base.pathname.replace(/\/$/, '')}${target}`),
    fetch: fetch.bind(globalThis),
  })
}

const isFetcher = (value: unknown): value is { fetch: typeof fetch } =>
  typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function'
