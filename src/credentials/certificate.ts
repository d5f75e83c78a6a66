import { allow, deny, type Identified, type Result } from '../contract.ts'
import { decodeBase64url } from '../lib/base64url.ts'
import { decodeHex } from '../lib/hex.ts'
import { type Fail, isObject, knownOnly, shown } from '../options.ts'
import type { CertificatePrincipal } from '../principals.ts'
import { revocable } from '../revocable.ts'
import { type CredentialAuthenticator, credential } from './engine.ts'
import type { CredentialScheme } from './scheme.ts'

/** Which client certificates a route takes: at least `issuers` or `fingerprints`. */
export interface ClientCertificateOptions {
  /** Distinguished names of the authorities, RFC 2253, exactly as `certIssuerDNRFC2253` has them. @default any */
  issuers?: readonly string[]
  /** Distinguished names of the subjects, RFC 2253, exactly; only together with `issuers`. @default any */
  subjects?: readonly string[]
  /** SHA-256 of the DER bytes in hex, with or without colons. @default any */
  fingerprints?: readonly string[]
  /** What every such caller may do. @default none */
  scopes?: readonly string[]
  /** @default none */
  roles?: readonly string[]
}

const OPTIONS = ['issuers', 'subjects', 'fingerprints', 'scopes', 'roles']
const FINGERPRINT = /^[0-9a-f]{64}$/

const fail: Fail = (option, problem) => {
  throw new TypeError(`clientCertificate: ${option}: ${problem}`)
}

/**
 * Authenticates by the client certificate of the TLS connection, as Cloudflare has verified it against the authorities of the
 * host: only where the var TRUST is `cloudflare`, never by a header. A revoked, expired, self-signed or unverified one is
 * refused, and one that every option given does not name. Beside another credential the certificate is no credential.
 *
 * @throws {TypeError} at load for an option that is not of its form, and without `issuers` and `fingerprints`.
 *
 * @example
 * import { clientCertificate } from 'sallyport/credentials'
 *
 * const partners = clientCertificate({
 *   issuers: ['CN=Partner CA,O=Acme,C=DE'],
 *   subjects: ['CN=billing,O=Acme,C=DE'],
 *   scopes: ['invoices:read'],
 * })
 */
export function clientCertificate(
  options: ClientCertificateOptions,
): CredentialAuthenticator<CertificatePrincipal, 'certificate'> {
  if (!isObject(options)) fail('options', "are missing; name the authorities: { issuers: ['CN=…'] }")
  knownOnly(options, OPTIONS, '', fail)
  const issuers = listOf(options, 'issuers')
  const subjects = listOf(options, 'subjects')
  const fingerprints = listOf(options, 'fingerprints')?.map(fingerprintOf)
  // A subject is a name that its authority gave out: alone it says nothing.
  if (!issuers && !fingerprints)
    fail('issuers', "is missing; name the authorities, or the certificates by 'fingerprints'")
  const scopes = Object.freeze([...(listOf(options, 'scopes') ?? [])])
  const roles = Object.freeze([...(listOf(options, 'roles') ?? [])])
  const scheme: CredentialScheme<CertificatePrincipal> = {
    name: 'client certificate',
    kind: 'certificate',
    secrets: [],
    places: [{ in: 'certificate' }],
    challenges: [],
    takes: () => true,
    inspect(_, { certificate }) {
      if (certificate === undefined)
        return deny(
          'credential_missing',
          'no client certificate, or none that TRUST lets the gateway believe',
        )
      if (!certificate.isVerified) return refusedAs(certificate.fault)
      const { fingerprint, subject, issuer } = certificate
      if (issuers?.includes(issuer) === false) return refused('its issuer is none of the route')
      if (subjects?.includes(subject) === false) return refused('its subject is none of the route')
      if (fingerprints?.includes(fingerprint) === false)
        return refused('its fingerprint is none of the route')
      const id = revocable.certificate(fingerprint)
      const claims = Object.freeze({ issuer, subject, fingerprint })
      const principal = { kind: 'certificate', id, fingerprint, subject, scopes, roles, claims } as const
      return allow(() => allow({ principal, revocable: [id] }))
    },
  }
  return credential([scheme])
}

/** Whether a verified token's `cnf["x5t#S256"]` is the certificate of this connection (RFC 8705 section 3). */
export function checkCertificateBinding(facts: Identified, x5t: unknown): Result<undefined> {
  const { certificate } = facts
  if (certificate === undefined)
    return deny('credential_refused', 'the token is bound to a client certificate')
  if (!certificate.isVerified) return refusedAs(certificate.fault)
  const bound = typeof x5t === 'string' ? decodeBase64url(x5t) : undefined
  const held = decodeHex(certificate.fingerprint)
  const isSame = bound?.length === held?.length && bound?.every((byte, at) => byte === held?.[at])
  return isSame ? allow(undefined) : refused('the token is bound to another one')
}

type Fault = Extract<NonNullable<Identified['certificate']>, { isVerified: false }>['fault']

const refused = (reason: string) => deny('credential_refused', `client certificate: ${reason}`)
const refusedAs = (fault: Fault) => refused(`it is ${fault}`)

function listOf<Name extends keyof ClientCertificateOptions>(
  options: ClientCertificateOptions,
  name: Name,
): readonly string[] | undefined {
  const list: unknown = options[name]
  if (list === undefined) return undefined
  if (
    !Array.isArray(list) ||
    list.length === 0 ||
    !list.every((item) => typeof item === 'string' && item !== '')
  )
    fail(name, `${shown(list)} is not a list of texts; write at least one, or leave it out`)
  return [...list]
}

function fingerprintOf(text: string): string {
  const hex = text.replaceAll(':', '').toLowerCase()
  if (FINGERPRINT.test(hex)) return hex
  return fail(
    'fingerprints',
    `${shown(text)} is not a SHA-256 in hex; openssl x509 -fingerprint -sha256 prints it`,
  )
}
