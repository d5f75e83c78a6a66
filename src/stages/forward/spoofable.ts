import type { RequestHeaders } from '../../contract.ts'
import { connectionNominated, fieldKey } from '../../lib/headers.ts'

/** RFC 9110 section 7.6.1 and what is kept from the days of HTTP/1.0, h2c and 100-continue. */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Headers by which a proxy tells the origin who calls, from where, or what is really meant. */
const SPOOFABLE = new Set([
  'b3',
  'baggage',
  'base-url',
  'content-digest',
  'content-length',
  'digest',
  'early-data',
  'front-end-https',
  'host',
  'http-url',
  'range',
  'real-ip',
  'repr-digest',
  'request-uri',
  'script-name',
  'traceparent',
  'tracestate',
  'true-client-ip',
  'url',
  'userinfo',
  'via',
  'x-actor',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-custom-ip-authorization',
  'x-email',
  'x-apigateway-api-userinfo',
  'x-cert',
  'x-endpoint-api-userinfo',
  'x-groupid',
  'x-groups',
  'x-id-token',
  'x-invoke-path',
  'x-isadmin',
  'x-login',
  'x-matched-path',
  'x-parse-master-key',
  'x-permissions',
  'x-prefix',
  'x-privileges',
  'x-real-ip',
  'x-realip',
  'x-role',
  'x-roles',
  'x-scheme',
  'x-scope',
  'x-scopes',
  'x-script-name',
  'x-sub',
  'x-subject',
  'x-token-claims',
  'x-true-ip',
  'x-uid',
  'x-url-scheme',
  'x-userid',
  'x-username',
])

/** The same, by whole leading words: `x-user` is X-User and X-User-Id, and not X-Useful. */
const SPOOFABLE_WORDS = new Set([
  'akamai-origin',
  'ali-cdn',
  'cdn',
  'cf',
  'client-cert',
  'client-ip',
  'fastly',
  'fly',
  'forwarded',
  'http-client-ip',
  'http-x',
  'impersonate',
  'incap',
  'mf',
  'proxy',
  'remote',
  'sallyport',
  'ssl',
  'tailscale',
  'wl-proxy',
  'x-accel',
  'x-account',
  'x-admin',
  'x-amzn',
  'x-anonymous',
  'x-appengine',
  'x-arr',
  'x-auth',
  'x-authenticated',
  'x-authentication',
  'x-authentik',
  'x-b3',
  'x-claim',
  'x-claims',
  'x-client',
  'x-cluster',
  'x-consumer',
  'x-credential',
  'x-customer',
  'x-envoy',
  'x-forward',
  'x-forwarded',
  'x-forwardedfor',
  'x-gateway',
  'x-goog',
  'x-hasura',
  'x-host',
  'x-http-destinationurl',
  'x-http-host',
  'x-http-method',
  'x-identity',
  'x-impersonate',
  'x-internal',
  'x-invoke',
  'x-is-admin',
  'x-jwt',
  'x-kong',
  'x-method-override',
  'x-middleware',
  'x-ms-client',
  'x-ms-token',
  'x-nf',
  'x-org',
  'x-original',
  'x-originating',
  'x-override',
  'x-parse-master',
  'x-pomerium',
  'x-principal',
  'x-proxy',
  'x-proxyuser',
  'x-remote',
  'x-rewrite',
  'x-sallyport',
  'x-saml',
  'x-sendfile',
  'x-session-user',
  'x-ssl',
  'x-sso',
  'x-sucuri',
  'x-tenant',
  'x-tls',
  'x-token-subject',
  'x-trusted',
  'x-user',
  'x-userinfo',
  'x-vercel-forwarded',
  'x-vercel-ip',
  'x-vercel-proxied',
  'x-verified',
  'x-vouch',
  'x-waws',
  'x-webauth',
])

/** A name that no server can fold into another's: CGI, WSGI and Rack turn `-`, and some servers `.`, into `_`. */
const PLAIN_NAME = /^[a-z0-9-]+$/

/**
 * The client's headers that may go on to the origin; signatures, Authorization and Cookie are among them. Names of
 * anything but letters, digits and `-` stay behind, as nginx leaves them: the gateway decided without them, and an
 * origin may read `Content_Encoding` or `X.GitHub.Event` for what it did decide on.
 */
export function forwardable(headers: RequestHeaders, strip: ReadonlySet<string>): Headers {
  const nominated = connectionNominated(headers.get('connection'))
  const kept = new Headers()
  for (const [name, value] of headers) {
    if (
      !PLAIN_NAME.test(name) ||
      HOP_BY_HOP.has(name) ||
      nominated.has(name) ||
      strip.has(name) ||
      isSpoofable(name)
    )
      continue
    kept.append(name, value)
  }
  return kept
}

function isSpoofable(name: string): boolean {
  if (SPOOFABLE.has(name)) return true
  for (let dash = name.indexOf('-'); ; dash = name.indexOf('-', dash + 1)) {
    if (SPOOFABLE_WORDS.has(dash === -1 ? name : name.slice(0, dash))) return true
    if (dash === -1) return false
  }
}

/** The headers of an answer without those that end at this hop, and those that only the gateway may set. */
export function answerable(headers: Headers): Headers {
  const nominated = connectionNominated(headers.get('connection'))
  const kept = new Headers(headers)
  for (const name of headers.keys()) {
    if (HOP_BY_HOP.has(name) || nominated.has(name) || fieldKey(`${name}-`).startsWith('sallyport-'))
      kept.delete(name)
  }
  return kept
}
