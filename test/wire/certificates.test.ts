import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sha256Of, thumbprintOf } from '../unit/credentials/dpop/proofs.ts'
import { accessToken, bindings, client } from './dpop/tokens.ts'
import { problem, startGateway, type TestGateway } from './harness/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({
    entry: 'test/wire/workers/certificates.ts',
    bindings: { ...bindings, TRUST: 'cloudflare' },
  })
})
afterAll(() => gateway?.close())
beforeEach(() => gateway.origin.clear())

const digest = createHash('sha256').update('the DER bytes').digest()
const fingerprint = digest.toString('hex')
const told = {
  certPresented: '1',
  certVerified: 'SUCCESS',
  certRevoked: '0',
  certIssuerDNRFC2253: 'CN=Partner CA,O=Acme,C=DE',
  certSubjectDNRFC2253: 'CN=billing,O=Acme,C=DE',
  certFingerprintSHA256: fingerprint,
  certNotBefore: 'May  4 23:11:00 2020 GMT',
  certNotAfter: 'Dec 31 23:59:59 2099 GMT',
}

const call = (target: string, tls: unknown, headers: [string, string][] = []) =>
  gateway.call({
    target,
    headers: [
      ...(tls === undefined ? [] : [['X-Test-Tls', JSON.stringify(tls)] as [string, string]]),
      ...headers,
    ],
  })

test('lets a verified certificate of the route through, under its own name', async () => {
  expect((await call('/partners', told)).status).toBe(200)
  const [request] = gateway.origin.requests
  expect(request?.values('x-fingerprint')).toEqual([fingerprint])
  expect(request?.values('x-subject')).toEqual(['CN=billing,O=Acme,C=DE'])
})

test.each<[string, string, [string, string][]]>([
  ['Basic', '/partners', [['Authorization', 'Basic YWRtaW46YWRtaW4=']]],
  ['a bearer token that the route does not take', '/partners', [['Authorization', 'Bearer abc']]],
  [
    'two Authorization headers',
    '/partners',
    [
      ['Authorization', 'Bearer a'],
      ['Authorization', 'Bearer b'],
    ],
  ],
  ['Basic, where tokens are taken too', '/either', [['Authorization', 'Basic YWRtaW46YWRtaW4=']]],
  ['a token behind eight commas', '/either', [['Authorization', 'Basic a,b,c,d,e,f,g,h,i, Bearer abc']]],
  ['a token in the query', '/partners?access_token=abc', []],
])('refuses a certificate beside %s', async (_, target, headers) => {
  const answer = await call(target, told, headers)
  expect([answer.status, problem(answer).code]).toEqual([400, 'credential_repeated'])
  expect(gateway.origin.requests).toHaveLength(0)
})

test.each([
  ['of a self-signed certificate', { certVerified: 'FAILED:self signed certificate' }],
  [
    'of a certificate that is not verified',
    { certVerified: 'FAILED:unable to get local issuer certificate' },
  ],
  ['of an expired certificate', { certVerified: 'FAILED:certificate has expired' }],
  ['of a certificate that expired since the handshake', { certNotAfter: 'May  5 00:00:00 2021 GMT' }],
  ['of a certificate of tomorrow', { certNotBefore: 'Dec 31 00:00:00 2098 GMT' }],
  ['of a revoked certificate', { certRevoked: '1' }],
  ['of another authority', { certIssuerDNRFC2253: 'CN=Another CA,O=Acme,C=DE' }],
  ['of another subject', { certSubjectDNRFC2253: 'CN=sales,O=Acme,C=DE' }],
  ['of a certificate without a fingerprint', { certFingerprintSHA256: '' }],
])('refuses the caller %s', async (_, members) => {
  const answer = await call('/partners', { ...told, ...members })
  expect([answer.status, problem(answer).code]).toEqual([401, 'credential_refused'])
  expect(answer.headers.get('www-authenticate')).toHaveLength(1)
  expect(gateway.origin.requests).toHaveLength(0)
})

test('believes no header and no deployment that is not behind Cloudflare', async () => {
  const headers: [string, string][] = [
    ['Client-Cert', ':MIIB:'],
    ['Cf-Client-Cert-Sha256', fingerprint],
    ['Cf-Cert-Verified', 'true'],
    ['X-SSL-Client-Verify', 'SUCCESS'],
    ['X-Forwarded-Client-Cert', `Hash=${fingerprint};Subject="CN=billing,O=Acme,C=DE"`],
  ]
  const unbound = await call('/partners', undefined, headers)
  expect([unbound.status, problem(unbound).code]).toEqual([401, 'credential_missing'])
  for (const trust of ['direct', 'none']) {
    const answer = await call('/partners', told, [['X-Test-Trust', trust]])
    expect([trust, answer.status, problem(answer).code]).toEqual([trust, 401, 'credential_missing'])
  }
  expect(gateway.origin.requests).toHaveLength(0)
})

describe('beside tokens', () => {
  test('a certificate is a credential where nothing else is presented', async () => {
    expect((await call('/either', told)).status).toBe(200)
    expect(gateway.origin.requests[0]?.values('x-kind')).toEqual(['certificate'])
    const bearer: [string, string] = ['Authorization', `Bearer ${accessToken()}`]
    expect((await call('/either', told, [bearer])).status).toBe(200)
    expect(gateway.origin.requests[1]?.values('x-kind')).toEqual(['token'])
  })

  test('a bad token is not made good by a certificate', async () => {
    const answer = await call('/either', told, [
      ['Authorization', `Bearer ${accessToken(undefined, { exp: 1 })}`],
    ])
    expect([answer.status, problem(answer).code]).toEqual([401, 'credential_refused'])
  })
})

describe('a token that is bound to a certificate (RFC 8705)', () => {
  const x5t = digest.toString('base64url')
  const withToken = (tls: unknown, cnf: Record<string, unknown>, headers: [string, string][] = []) =>
    call('/tokens', tls, [['Authorization', `Bearer ${accessToken(cnf)}`], ...headers])

  test('passes over a connection with that certificate, whoever issued it', async () => {
    expect((await withToken(told, { 'x5t#S256': x5t })).status).toBe(200)
    const other = { ...told, certIssuerDNRFC2253: 'CN=Another CA' }
    expect((await withToken(other, { 'x5t#S256': x5t })).status).toBe(200)
  })

  test.each([
    ['without a certificate', undefined, { 'x5t#S256': x5t }],
    ['with another certificate', { ...told, certFingerprintSHA256: '0'.repeat(64) }, { 'x5t#S256': x5t }],
    ['with one that is revoked', { ...told, certRevoked: '1' }, { 'x5t#S256': x5t }],
    ['with one that is not verified', { ...told, certVerified: 'FAILED' }, { 'x5t#S256': x5t }],
    ['whose thumbprint is hex', told, { 'x5t#S256': fingerprint }],
    ['whose thumbprint is empty', told, { 'x5t#S256': '' }],
    ['whose thumbprint is no text', told, { 'x5t#S256': [x5t] }],
    ['that is bound to a key as well, without a proof', told, { 'x5t#S256': x5t, jkt: x5t }],
    ['that is bound in a way that is not known', told, { 'x5t#S256': x5t, kid: 'k1' }],
  ])('is refused %s', async (_, tls, cnf) => {
    const answer = await withToken(tls, cnf)
    expect([answer.status, problem(answer).code]).toEqual([401, 'credential_refused'])
    expect(gateway.origin.requests).toHaveLength(0)
  })

  test.each(['direct', 'none'])('is refused where TRUST is %s', async (trust) => {
    const answer = await withToken(told, { 'x5t#S256': x5t }, [['X-Test-Trust', trust]])
    expect([answer.status, problem(answer).code]).toEqual([401, 'credential_refused'])
  })

  test('needs both where it is bound to a certificate and to a key', async () => {
    const { by, proof } = client()
    const token = accessToken({ 'x5t#S256': x5t, jkt: thumbprintOf(by.jwk) })
    const headers = (): [string, string][] => [
      ['Authorization', `DPoP ${token}`],
      ['DPoP', proof('GET', '/tokens', { ath: sha256Of(token) })],
    ]
    expect((await call('/tokens', told, headers())).status).toBe(200)
    expect((await call('/tokens', undefined, headers())).status).toBe(401)
  })
})
