import type { Fail } from '../options.ts'

/** WHATWG spelling: brackets stay around an IPv6 host. */
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]'])

/**
 * What is wrong with an issuer's identifier as a place to fetch from, or undefined: https, no credentials, no query, no
 * fragment (RFC 8414 section 2); http only on loopback.
 */
export function issuerFault(issuer: string): string | undefined {
  const url = URL.parse(issuer)
  if (url === null) return 'is not a URL'
  if (url.protocol !== 'https:' && !isLocal(url)) return 'is not https'
  if (issuer.includes('?') || issuer.includes('#')) return 'has a query or a fragment'
  return hasCredentials(url) ? 'has a user name or a password' : undefined
}

/** What is wrong with the address of an issuer's key set, or undefined. A local issuer may publish locally, no other one. */
export function keysUrlFault(text: unknown, issuer: string): string | undefined {
  const url = typeof text === 'string' && text.length <= 2048 ? URL.parse(text) : null
  if (url === null) return 'is not a URL'
  const own = URL.parse(issuer)
  if (url.protocol !== 'https:' && !(isLocal(url) && own !== null && isLocal(own))) return 'is not https'
  return hasCredentials(url) ? 'has a user name or a password' : undefined
}

/** Refuses an address at load. */
export function checkAddresses(issuer: string, jwksUrl: string | undefined, fail: Fail): void {
  const fault = issuerFault(issuer)
  if (fault !== undefined) {
    fail('issuer', `${fault}; write the issuer as its tokens do, such as https://issuer.example/`)
  }
  const keysFault = jwksUrl === undefined ? undefined : keysUrlFault(jwksUrl, issuer)
  if (keysFault !== undefined) fail('jwksUrl', `${keysFault}; write the https address of the key set`)
}

/** Where an issuer's metadata stand: OpenID Connect Discovery 1.0 section 4, then RFC 8414 section 3.1. */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ]
}

const isLocal = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && LOOPBACK.has(hostname)

const hasCredentials = ({ username, password }: URL): boolean => username !== '' || password !== ''
