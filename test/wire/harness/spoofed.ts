// Headers by which a client can pretend to be somebody, to come from somewhere, or to mean another request.

const words = (text: string): string[] => text.trim().split(/\s+/)

/** Who calls from where, as some proxy, CDN or framework believes it. */
export const ADDRESS_HEADERS = words(`
  CF-Connecting-IP CF-Connecting-IPv6 CF-Pseudo-IPv4 CF-IPCountry CF-Ray CF-Visitor CF-Worker CDN-Loop True-Client-IP
  X-Real-IP X-Real-Ip X-RealIP X-True-IP X-Forwarded-For X-Forwarded X-Forward-For X-Forward Forwarded Forwarded-For
  Forwarded-For-IP X-Forwarded-For-Original X-Forwarded-By X-Client-IP X-Client Client-IP X-Cluster-Client-IP
  Fastly-Client-IP Fly-Client-IP X-Remote-IP X-Remote-Addr X-Originating-IP X-Original-Remote-Addr
  X-Original-Forwarded-For X-Custom-IP-Authorization X-ProxyUser-Ip X-Proxy-User-IP Proxy-Client-IP
  WL-Proxy-Client-IP HTTP-Client-IP HTTP-X-Forwarded-For X-Azure-ClientIP X-Azure-SocketIP X-Appengine-User-IP
  X-AppEngine-Remote-Addr Ali-CDN-Real-IP CDN-Src-IP CDN-Real-IP X-Vercel-Forwarded-For X-Vercel-IP-Country
  X-NF-Client-Connection-IP X-Envoy-External-Address X-Envoy-Internal Incap-Client-IP X-Sucuri-ClientIP
  X-Trusted-IP X-ARR-SSL Remote-Addr Real-IP Via
`)

/** Which request was meant, under which host, path, scheme or method. */
export const TARGET_HEADERS = words(`
  X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Protocol X-Forwarded-Scheme X-Forwarded-Ssl X-Forwarded-Prefix
  X-Forwarded-Port X-Forwarded-Path X-Forwarded-Uri X-Forwarded-Server X-Forwarded-Method X-Host X-Host-Override
  X-HTTP-Host-Override X-Original-Host X-Original-URL X-Original-URI X-Rewrite-URL X-Override-URL
  X-Envoy-Original-Path X-Envoy-Original-Host X-HTTP-DestinationURL X-Proxy-URL Proxy-Host Proxy-URL Proxy Base-URL
  Request-URI HTTP-URL URL X-Scheme X-URL-Scheme Front-End-Https X-HTTP-Method X-HTTP-Method-Override
  X-Method-Override MF-Original-URL X-Middleware-Subrequest X-Middleware-Rewrite X-WAWS-Unencoded-URL Early-Data
  Traceparent Tracestate Baggage B3 X-B3-TraceId Range
`)

/** Who the caller is, as some gateway, identity proxy or TLS terminator would have said. */
export const IDENTITY_HEADERS = words(`
  X-Endpoint-API-UserInfo X-Apigateway-Api-Userinfo X-Id-Token X-MS-Token-AAD-Access-Token X-Token-Claims Userinfo X-Cert X-Sub
  X-User X-User-Id X-UserId X-Username X-User-Email X-User-Roles X-UserInfo X-Userinfo-Sub X-Email X-Login X-Subject
  X-Principal X-Principal-Id X-Role X-Roles X-Groups X-Scope X-Scopes X-Permissions X-Tenant X-Tenant-Id X-Org X-Org-Id
  X-Account X-Account-Id X-Customer-Id X-Admin X-Is-Admin X-IsAdmin X-Internal X-Internal-Request X-Identity
  X-Identity-Provider X-Impersonate-User Impersonate-User Impersonate-Group X-Authenticated X-Authenticated-User
  X-Authenticated-UserId X-Authentication-User X-Auth-Request-User X-Auth-Request-Email X-Auth-User X-Consumer
  X-Consumer-Id X-Consumer-Username X-Consumer-Custom-Id X-Consumer-Groups X-Anonymous-Consumer
  X-Credential-Identifier X-JWT-Claim-Sub X-JWT-Payload X-JWT-Assertion X-Claims X-Claim-Sub X-Token-Subject
  X-Verified-User X-Remote-User Remote-User Remote-Groups X-WebAuth-User X-SSO-User X-SAML-User X-Vouch-User
  X-Pomerium-Jwt-Assertion X-Authentik-Username Tailscale-User-Login X-Kong-Consumer X-Amzn-Oidc-Identity
  X-Amzn-Oidc-Data X-Goog-Authenticated-User-Email X-Goog-IAP-JWT-Assertion X-MS-Client-Principal
  X-MS-Client-Principal-Name Cf-Access-Authenticated-User-Email Cf-Access-Jwt-Assertion Sallyport Sallyport-Id
  Sallyport-Route Sallyport-Host Sallyport-Body Sallyport-Client Sallyport-Provider Sallyport-Event X-Sallyport-User
  Client-Cert Client-Cert-Chain X-Client-Cert X-Client-Verify X-SSL-Client-Verify X-SSL-Client-S-DN X-SSL-Cert
  SSL-Client-Verify SSL-Client-Cert X-ARR-ClientCert X-Amzn-Mtls-Clientcert X-TLS-Client-Subject
  X-Forwarded-Client-Cert Cf-Client-Cert-Verified Cf-Client-Cert-Sha256 Content-Digest Repr-Digest Digest
`)

/** What concerns this hop alone (RFC 9110 section 7.6.1), and what HTTP/1.0 and h2c left behind. */
export const HOP_HEADERS = words(`
  Keep-Alive TE Trailer Upgrade Proxy-Connection Proxy-Authorization Proxy-Authenticate HTTP2-Settings Expect
`)

/** A name as written, in other cases, and as the twins that CGI, WSGI, Rack and some servers fold into it. */
export function spellings(name: string): string[] {
  const twins = [
    name,
    name.toUpperCase(),
    name.toLowerCase(),
    name.replaceAll('-', '_'),
    name.replaceAll('-', '.'),
  ]
  const mixed = name.replace('-', '_')
  return [...new Set([...twins, mixed, `${name}_`, `_${name}`, `${name}.`])]
}
