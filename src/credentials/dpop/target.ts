import type { Identified } from '../../contract.ts'
import { canonicalPath } from '../../lib/path.ts'

const URI = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([A-Za-z0-9.:-]+)([^?#]*)/

/**
 * Whether a proof's `htu` is the public URL of the request, query and fragment aside (RFC 9449 section 4.3), after
 * the normalisation of RFC 3986 sections 6.2.2 and 6.2.3. A path that the gateway would refuse is no target of a proof.
 */
export function isTarget(htu: string, { scheme, host, path }: Pick<Identified, 'scheme' | 'host' | 'path'>) {
  const [, named = '', authority = '', rest = ''] = URI.exec(htu) ?? []
  if (named.toLowerCase() !== scheme) return false
  const defaultPort = scheme === 'https' ? /:(?:443)?$/ : /:(?:80)?$/
  if (authority.toLowerCase().replace(defaultPort, '') !== host) return false
  const target = canonicalPath(rest === '' ? '/' : rest)
  return target.ok && target.path === path
}
