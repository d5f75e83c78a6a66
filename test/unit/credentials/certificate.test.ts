import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Identified, Matched, Result } from '../../../src/contract.ts'
import {
  type ClientCertificateOptions,
  checkCertificateBinding,
  clientCertificate,
} from '../../../src/credentials/certificate.ts'
import { identify, type Trust } from '../../../src/stages/identify.ts'

const NOW = Date.UTC(2026, 4, 5)
const digest = createHash('sha256').update('the DER bytes').digest()
const fingerprint = digest.toString('hex')
const x5t = digest.toString('base64url')
const issuer = 'CN=Partner CA,O=Acme\\, Inc.,C=DE'
const subject = 'CN=billing,O=Acme,C=DE'

/** As Cloudflare tells of a certificate that it has verified. */
const told = {
  certPresented: '1',
  certVerified: 'SUCCESS',
  certRevoked: '0',
  certIssuerDN: issuer,
  certSubjectDN: subject,
  certIssuerDNRFC2253: issuer,
  certSubjectDNRFC2253: subject,
  certFingerprintSHA1: '6b9109f323999e52259cda7373ff0b4d26bd232e',
  certFingerprintSHA256: fingerprint,
  certNotBefore: 'May  4 23:11:00 2026 GMT',
  certNotAfter: 'Dec 22 19:39:00 2027 GMT',
}

function facts(tls: unknown, trust: Trust = 'cloudflare', headers: Record<string, string> = {}): Identified {
  const request = new Request('https://api.example.com/', { headers })
  Object.defineProperty(request, 'cf', { value: { tlsClientAuth: tls } })
  const matched = {
    request,
    headers: new Map(request.headers),
    now: NOW,
    method: 'GET',
    search: '',
    path: '/',
  }
  return identify(matched as unknown as Matched, trust)
}

const verdict = (result: Result<unknown>): string =>
  result.ok ? 'accepted' : `${result.denial.code}: ${result.denial.reason}`

const check = (tls: unknown, options: ClientCertificateOptions = { issuers: [issuer] }, trust?: Trust) => {
  const [scheme] = clientCertificate(options).schemes
  if (!scheme) throw new Error('it has no scheme')
  return scheme.inspect({ place: { in: 'certificate' }, text: '' }, facts(tls, trust), {})
}

describe('what is known of a client certificate', () => {
  test('is what Cloudflare tells of one that it has verified', () => {
    expect(facts(told).certificate).toEqual({ isVerified: true, fingerprint, subject, issuer })
    expect(facts({ ...told, certFingerprintSHA256: fingerprint.toUpperCase() }).certificate).toMatchObject({
      fingerprint,
    })
  })

  test.each(['direct', 'none'] as const)('is nothing where TRUST is %s', (trust) => {
    expect(facts(told, trust).certificate).toBeUndefined()
  })

  test.each([
    ['without one', undefined],
    ['for null', null],
    ['for a text', 'SUCCESS'],
    ['for an empty object', {}],
    [
      'for the placeholder of a connection without one',
      { ...told, certPresented: '0', certVerified: 'NONE' },
    ],
    ['for a number', { ...told, certPresented: 1 }],
  ])('is nothing %s', (_, tls) => {
    expect(facts(tls).certificate).toBeUndefined()
  })

  test('is nothing that a header says', () => {
    const headers = {
      'client-cert': ':MIIB:',
      'cf-client-cert-der-base64': 'MIIB',
      'cf-client-cert-sha256': fingerprint,
      'x-ssl-client-verify': 'SUCCESS',
      'x-forwarded-client-cert': `Hash=${fingerprint};Subject="${subject}"`,
    }
    expect(facts(undefined, 'cloudflare', headers).certificate).toBeUndefined()
  })

  test.each([
    ['not verified', { certVerified: 'FAILED:self signed certificate' }],
    ['not verified', { certVerified: 'FAILED:unable to verify the first certificate' }],
    ['not verified', { certVerified: 'FAILED' }],
    ['not verified', { certVerified: 'NONE' }],
    ['not verified', { certVerified: 'success' }],
    ['not verified', { certVerified: undefined }],
    ['not verified', { certVerified: true }],
    ['not verified', { certVerified: ['SUCCESS'] }],
    ['expired', { certVerified: 'FAILED:certificate has expired' }],
    ['expired', { certNotAfter: 'May  4 23:59:59 2026 GMT' }],
    ['not valid yet', { certNotBefore: 'May  5 00:00:01 2026 GMT' }],
    ['revoked', { certRevoked: '1' }],
    ['revoked', { certRevoked: '1', certVerified: 'FAILED' }],
    ['not verified', { certRevoked: undefined }],
    ['not verified', { certRevoked: 0 }],
    ['not verified', { certRevoked: false }],
    ['not readable', { certNotAfter: undefined }],
    ['not readable', { certNotAfter: '' }],
    ['not readable', { certNotAfter: 'Xyz 99 99:99:99 2027 GMT' }],
    ['not readable', { certNotAfter: '2027-12-22T19:39:00Z' }],
    ['not readable', { certNotBefore: 1 }],
    ['not readable', { certFingerprintSHA256: undefined }],
    ['not readable', { certFingerprintSHA256: '' }],
    ['not readable', { certFingerprintSHA256: fingerprint.slice(2) }],
    ['not readable', { certFingerprintSHA256: fingerprint + fingerprint }],
    ['not readable', { certFingerprintSHA256: `${fingerprint.slice(0, -1)}g` }],
    ['not readable', { certSubjectDNRFC2253: undefined }],
    ['not readable', { certIssuerDNRFC2253: ['CN=Partner CA'] }],
    ['not readable', { certSubjectDNRFC2253: 'x'.repeat(2049) }],
  ])('is only that it is %s with %j', (fault, members) => {
    expect(facts({ ...told, ...members }).certificate).toEqual({ isVerified: false, fault })
  })
})

describe('clientCertificate', () => {
  test('proves who the caller is', async () => {
    const result = check(told, { issuers: [issuer], scopes: ['invoices:read'], roles: ['partner'] })
    if (!result.ok) throw new Error(result.denial.reason)
    const proven = await result.value(undefined, undefined as never)
    expect(proven).toEqual({
      ok: true,
      value: {
        principal: {
          kind: 'certificate',
          id: `certificate|${fingerprint}`,
          fingerprint,
          subject,
          scopes: ['invoices:read'],
          roles: ['partner'],
          claims: { issuer, subject, fingerprint },
        },
        revocable: [`certificate|${fingerprint}`],
      },
    })
  })

  test.each([
    ['no certificate', undefined, 'credential_missing: no client certificate, or none that TRUST lets the'],
    ['a revoked one', { ...told, certRevoked: '1' }, 'credential_refused: client certificate: it is revoked'],
    [
      'an expired one',
      { ...told, certNotAfter: told.certNotBefore },
      'credential_refused: client certificate: it is expired',
    ],
    ['a self-signed one', { ...told, certVerified: 'FAILED:self signed certificate' }, 'it is not verified'],
    [
      'the one of another authority',
      { ...told, certIssuerDNRFC2253: 'CN=Partner CA' },
      'its issuer is none of the route',
    ],
    [
      'an authority in other letters',
      { ...told, certIssuerDNRFC2253: issuer.toLowerCase() },
      'its issuer is none',
    ],
  ])('refuses %s', (_, tls, reason) => {
    expect(verdict(check(tls))).toContain(reason)
  })

  test('refuses one that Cloudflare did not tell of', () => {
    expect(verdict(check(told, undefined, 'direct'))).toContain('credential_missing')
    expect(verdict(check(told, undefined, 'none'))).toContain('credential_missing')
  })

  test('takes only subjects that the route names', () => {
    const options = { issuers: [issuer], subjects: [subject] }
    expect(verdict(check(told, options))).toBe('accepted')
    for (const other of [
      'CN=billing',
      `${subject},`,
      `CN=evil,${subject}`,
      subject.replace('billing', 'Billing'),
      '',
    ])
      expect(verdict(check({ ...told, certSubjectDNRFC2253: other }, options))).toContain(
        'its subject is none',
      )
  })

  test('takes only fingerprints that the route names, in the spellings that tools print', () => {
    const colons = fingerprint.toUpperCase().match(/../g)?.join(':') ?? ''
    for (const text of [fingerprint, fingerprint.toUpperCase(), colons])
      expect(verdict(check(told, { fingerprints: [text] }))).toBe('accepted')
    expect(verdict(check(told, { fingerprints: ['00'.repeat(32)] }))).toContain('its fingerprint is none')
    expect(verdict(check(told, { issuers: ['CN=Other'], fingerprints: [fingerprint] }))).toContain(
      'its issuer',
    )
  })

  test('cannot be widened after it was compiled', () => {
    const issuers = ['CN=Other']
    const [scheme] = clientCertificate({ issuers }).schemes
    issuers.push(issuer)
    const result = scheme?.inspect({ place: { in: 'certificate' }, text: '' }, facts(told), {})
    expect(result && verdict(result)).toContain('its issuer is none')
  })

  test.each([
    [undefined, 'clientCertificate: options: are missing'],
    [{}, 'clientCertificate: issuers: is missing; name the authorities'],
    [{ subjects: [subject] }, 'clientCertificate: issuers: is missing'],
    [{ issuer: [issuer] }, 'clientCertificate: issuer: is not an option'],
    [{ issuers: [] }, 'clientCertificate: issuers: a list is not a list of texts'],
    [{ issuers: issuer }, 'is not a list of texts'],
    [{ issuers: [''] }, 'is not a list of texts'],
    [{ issuers: [issuer], scopes: 'invoices:read' }, 'clientCertificate: scopes:'],
    [{ fingerprints: ['6b9109f323999e52259cda7373ff0b4d26bd232e'] }, 'is not a SHA-256 in hex'],
    [{ fingerprints: [x5t] }, 'is not a SHA-256 in hex'],
  ])('refuses %j at load', (options, message) => {
    expect(() => clientCertificate(options as never)).toThrow(TypeError)
    expect(() => clientCertificate(options as never)).toThrow(message)
  })
})

describe('a token that is bound to a certificate (RFC 8705)', () => {
  test('passes with that certificate', () => {
    expect(verdict(checkCertificateBinding(facts(told), x5t))).toBe('accepted')
  })

  test.each([
    ['another certificate', createHash('sha256').update('other').digest('base64url')],
    ['padding', `${x5t}=`],
    ['hex', fingerprint],
    ['plain base64', digest.toString('base64')],
    ['a part of it', digest.subarray(0, 16).toString('base64url')],
    ['an empty text', ''],
    ['no text', undefined],
    ['a list', [x5t]],
  ])('is refused for %s', (_, thumbprint) => {
    expect(verdict(checkCertificateBinding(facts(told), thumbprint))).toBe(
      'credential_refused: client certificate: the token is bound to another one',
    )
  })

  test('is refused without a certificate, with a refused one, and where TRUST believes nobody', () => {
    expect(verdict(checkCertificateBinding(facts(undefined), x5t))).toContain(
      'is bound to a client certificate',
    )
    expect(verdict(checkCertificateBinding(facts({ ...told, certRevoked: '1' }), x5t))).toContain(
      'it is revoked',
    )
    expect(verdict(checkCertificateBinding(facts(told, 'direct'), x5t))).toContain(
      'is bound to a client certificate',
    )
  })
})
