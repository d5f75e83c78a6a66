import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { proof, type Signer, sha256Of, signer } from '../unit/credentials/dpop/proofs.ts'
import { HOST, problem, startGateway, type TestGateway } from './harness/gateway.ts'
import { type Issuer, type IssuerOptions, startIssuer } from './issuer/provider.ts'

// Tokens of a library that real authorization servers are made of (oidc-provider 9), from its token endpoint to our origin.
let issuer: Issuer
let gateway: TestGateway
const start = async (options: IssuerOptions = {}): Promise<void> => {
  issuer = await startIssuer(options)
  gateway = await startGateway({
    entry: 'test/wire/workers/issuer-library.ts',
    bindings: { ISSUER: issuer.url },
  })
}
afterEach(async () => {
  await gateway?.close()
  await issuer?.close()
})

const call = (target: string, token: string, scheme = 'Bearer', dpop?: string) =>
  gateway.call({
    target,
    headers: [
      ['Authorization', `${scheme} ${token}`],
      ...(dpop === undefined ? [] : [['DPoP', dpop] as [string, string]]),
    ],
  })

const proofFor = (by: Signer, token: string, target: string): string =>
  proof({
    by,
    claims: {
      htm: 'GET',
      htu: `http://${HOST}${target}`,
      iat: Math.floor(Date.now() / 1000),
      jti: randomUUID(),
      ath: sha256Of(token),
    },
  })

test.each(['ES256', 'RS256'] as const)('finds the keys of an issuer and takes its %s tokens', async (alg) => {
  await start({ alg })
  const token = await issuer.token()
  issuer.asked()
  for (let i = 0; i < 5; i++) expect((await call('/orders', token)).status).toBe(200)
  // The identifier has no path, so that both forms of discovery are one.
  expect(issuer.asked()).toEqual(['/.well-known/openid-configuration', '/jwks'])
  expect(gateway.origin.requests.map((request) => request.values('x-client'))).toEqual(
    Array.from({ length: 5 }, () => ['client-1']),
  )
})

describe('one issuer', () => {
  beforeEach(() => start())

  test('takes the tokens of new keys, and those of old keys no more', async () => {
    const old = await issuer.token()
    expect((await call('/orders', old)).status).toBe(200)
    issuer.rotate()
    const rotated = await issuer.token()
    issuer.asked()
    // An issuer is asked for a key that is not known once in 30 seconds, and it was asked for the first.
    await gateway.door('/clock', { ms: 31_000 })
    expect((await call('/orders', rotated)).status).toBe(200)
    expect(issuer.asked()).toEqual(['/jwks'])
    const answer = await call('/orders', old)
    expect([answer.status, problem(answer).code]).toEqual([401, 'credential_refused'])
  })

  test('takes its DPoP tokens with a proof, once each', async () => {
    for (const alg of ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']) {
      const by = signer(alg)
      const token = await issuer.token({ by })
      const dpop = proofFor(by, token, '/bound')
      expect([alg, (await call('/bound', token, 'DPoP', dpop)).status]).toEqual([alg, 200])
      expect((await call('/bound', token, 'DPoP', dpop)).status).not.toBe(200)
      expect((await call('/bound', token, 'DPoP', proofFor(by, token, '/bound'))).status).toBe(200)
      expect((await call('/bound', token, 'DPoP', proofFor(signer('ES256'), token, '/bound'))).status).toBe(
        401,
      )
    }
    expect(gateway.origin.requests).toHaveLength(10)
  })

  test('takes a DPoP token as no bearer token, and a bearer token as no DPoP token', async () => {
    const by = signer('ES256')
    const bound = await issuer.token({ by })
    expect((await call('/orders', bound)).status).toBe(401)
    const bearer = await issuer.token()
    expect((await call('/bound', bearer, 'DPoP', proofFor(by, bearer, '/bound'))).status).toBe(401)
    expect((await call('/bound', bearer)).status).toBe(401)
    expect(gateway.origin.requests).toHaveLength(0)
  })

  test('refuses tokens for another API, opaque ones, and those of another issuer', async () => {
    const other = await startIssuer()
    try {
      for (const token of [
        await issuer.token({ resource: 'https://invoices.test/api' }),
        await issuer.token({ resource: '' }),
        await other.token(),
      ]) {
        const answer = await call('/orders', token)
        expect([answer.status, problem(answer).code]).toEqual([401, 'credential_refused'])
      }
    } finally {
      await other.close()
    }
  })

  test('refuses a token without the scope of the route', async () => {
    const answer = await call('/orders/write', await issuer.token())
    expect([answer.status, problem(answer).code]).toEqual([403, 'scope_missing'])
    expect((await call('/orders/write', await issuer.token({ scope: 'orders:write' }))).status).toBe(200)
  })

  test('answers 503 while the issuer is gone and no key is known', async () => {
    const token = await issuer.token()
    await issuer.close()
    const answer = await call('/orders', token)
    expect([answer.status, problem(answer).code]).toEqual([503, 'issuer_unavailable'])
    expect(answer.headers.get('retry-after')).toHaveLength(1)
  })
})

test('refuses a token that is out of date', async () => {
  await start({ lifetime: 60 })
  const token = await issuer.token()
  expect((await call('/orders', token)).status).toBe(200)
  // A minute of lifetime, and 30 seconds of tolerance.
  await gateway.door('/clock', { ms: 91_000 })
  const answer = await call('/orders', token)
  expect([answer.status, problem(answer).code]).toEqual([401, 'credential_refused'])
})
