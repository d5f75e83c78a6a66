import { connectionNominated, fieldKey } from '../../lib/headers.ts'

// Names are compared by their field key, so that `X_Forwarded.For` is X-Forwarded-For: origins fold such twins.

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
  'client-ip',
  'content-digest',
  'content-length',
  'digest',
  'early-data',
  'forwarded',
  'host',
  'range',
  'repr-digest',
  'traceparent',
  'tracestate',
  'true-client-ip',
  'via',
  'wl-proxy-client-ip',
  'x-client',
  'x-forwarded',
  'x-groups',
  'x-host',
  'x-method-override',
  'x-principal',
  'x-real-ip',
  'x-role',
  'x-roles',
  'x-scope',
  'x-scopes',
  'x-subject',
  'x-url-scheme',
  'x-user',
])

const SPOOFABLE_PREFIXES = [
  'cf-',
  'client-cert',
  'fastly-',
  'mf-',
  'proxy-',
  'remote-',
  'sallyport-',
  'ssl-',
  'x-account-',
  'x-amzn-',
  'x-anonymous-',
  'x-auth-',
  'x-authenticated-',
  'x-b3-',
  'x-client-',
  'x-cluster-',
  'x-consumer-',
  'x-credential-',
  'x-customer-',
  'x-envoy-',
  'x-forwarded-',
  'x-goog-',
  'x-http-method',
  'x-identity-',
  'x-middleware-',
  'x-ms-client-',
  'x-original-',
  'x-originating-',
  'x-org-',
  'x-proxyuser-',
  'x-remote-',
  'x-rewrite-',
  'x-sallyport-',
  'x-ssl-',
  'x-tenant-',
  'x-user-',
  'x-userinfo',
  'x-waws-',
]

/** The client's headers that may go on to the origin; signatures, Authorization and Cookie are among them. */
export function forwardable(headers: Headers): Headers {
  const nominated = connectionNominated(headers.get('connection'))
  const kept = new Headers()
  for (const [name, value] of headers) {
    const key = fieldKey(name)
    if (HOP_BY_HOP.has(key) || SPOOFABLE.has(key) || nominated.has(name)) continue
    if (SPOOFABLE_PREFIXES.some((prefix) => key.startsWith(prefix))) continue
    kept.append(name, value)
  }
  return kept
}

/** Sets a header of the gateway's own and removes every spelling of it that a client may have sent. */
export function assertHeader(headers: Headers, name: string, value: string): void {
  const key = fieldKey(name)
  for (const sent of [...headers.keys()]) {
    if (sent !== name && fieldKey(sent) === key) headers.delete(sent)
  }
  headers.set(name, value)
}

/** Headers of an answer that end at this hop, or that only the gateway may set. */
export const isAnswerOnly = (name: string): boolean => HOP_BY_HOP.has(name) || name.startsWith('sallyport-')
