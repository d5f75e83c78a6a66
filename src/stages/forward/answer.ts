import type { Prepared } from './prepare.ts'
import { answerable } from './spoofable.ts'

/** The origin's answer as the client sees it: without what ends at this hop or only the gateway may say. */
export function answer(response: Response, prepared: Prepared, publicOrigin: string): Response {
  const headers = answerable(response.headers)
  const location = headers.get('location')
  // A redirect to the origin itself would send the client around the gateway; a relative one comes back to it.
  const target = location === null ? null : URL.parse(location, prepared.url)
  const isRelative = location !== null && !URL.canParse(location) && !/^[/\\]{2}/.test(location)
  if (target?.host === prepared.url.host && !isRelative) {
    const { base } = prepared
    const below = target.pathname === base || target.pathname.startsWith(`${base}/`)
    const path = below ? target.pathname.slice(base.length) || '/' : target.pathname
    headers.set('location', `${publicOrigin}${path}${target.search}${target.hash}`)
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}
