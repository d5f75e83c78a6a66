import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Identified } from '../../../../src/contract.ts'
import { dpop } from '../../../../src/credentials/dpop/index.ts'
import { inspectBinding } from '../../../../src/credentials/jwt/binding.ts'
import {
  env,
  factsOf,
  key,
  keysOf,
  means,
  NOW,
  route,
  type TestKeys,
  tokenWith,
  verdictOf,
} from './fixture.ts'
import { makeSigner, type Signer, signToken } from './signer.ts'

const bearer = { place: { in: 'authorization', scheme: 'bearer' }, text: '' } as const
const fingerprint = 'ab'.repeat(32)
const x5t = Buffer.from(fingerprint, 'hex').toString('base64url')
const jkt = 'A'.repeat(43)
const bound = 'credential_refused: the token is bound to a key and came without its proof'
const shape = 'credential_refused: the token'

const withCertificate = (certificate: Identified['certificate']): Identified => {
  const facts = factsOf({})
  return certificate === undefined ? facts : { ...facts, certificate }
}
const good = { isVerified: true, fingerprint, subject: 'CN=a', issuer: 'CN=b' } as const

describe('a bearer token', () => {
  it.each([
    ['nothing', undefined, 'accepted'],
    ['a key', { jkt }, bound],
    ['a key and a certificate', { jkt, 'x5t#S256': x5t }, bound],
    ['no object', 'x', shape],
    ['null', null, shape],
    ['a list', [], shape],
    ['an empty object', {}, shape],
    ['a key inside the token', { jwk: {} }, shape],
    ['a key id', { kid: 'k' }, shape],
    ['a thumbprint that nobody here knows', { 'jkt#S512': jkt }, shape],
    ['a key set elsewhere', { jku: 'https://evil.test' }, shape],
    ['a thumbprint that is a number', { jkt: 7 }, shape],
    ['a thumbprint that is too short', { jkt: 'A'.repeat(42) }, shape],
    ['a certificate and something else', { 'x5t#S256': x5t, osc: {} }, shape],
  ])('that is bound to %s', (_, cnf, said) => {
    const result = inspectBinding(cnf, bearer, withCertificate(good), undefined)
    expect(verdictOf(result).slice(0, said.length)).toBe(said)
  })

  it.each([
    ['the certificate of the connection', good, x5t, true],
    ['another certificate', good, Buffer.alloc(32, 1).toString('base64url'), false],
    ['a certificate, when none came', undefined, x5t, false],
    ['a certificate that is not verified', { isVerified: false, fault: 'expired' } as never, x5t, false],
  ])('that is bound to %s', (_, certificate, thumbprint, accepted) => {
    const result = inspectBinding({ 'x5t#S256': thumbprint }, bearer, withCertificate(certificate), undefined)
    expect(result.ok).toBe(accepted)
  })
})

describe('a token under DPoP', () => {
  let keys: TestKeys
  let orders: ReturnType<typeof route>
  const holder = makeSigner('ES256', 'holder')
  beforeAll(async () => {
    keys = await keysOf(key)
    orders = route(keys, { dpop: dpop() })
  })

  function proofOf(signer: Signer, token: string, changes: Record<string, unknown> = {}): string {
    const { kty, crv, x, y } = signer.jwk
    const ath = createHash('sha256').update(token).digest('base64url')
    const claims = {
      jti: `p-${Math.random()}`,
      htm: 'GET',
      htu: 'https://gateway.test/orders',
      iat: NOW,
      ath,
      ...changes,
    }
    return signToken(signer, { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }, claims)
  }

  async function verdict(token: string, proof: string | undefined, scheme = 'DPoP') {
    const headers = { authorization: `${scheme} ${token}`, ...(proof !== undefined && { dpop: proof }) }
    const inspected = orders.inspect(factsOf(headers), env)
    return inspected.ok ? await inspected.value(undefined, means) : inspected
  }

  it('passes with a proof of the key that it is bound to, and the proof is to be used once', async () => {
    const token = tokenWith({ cnf: { jkt: holder.thumbprint } })
    const first = await verdict(token, proofOf(holder, token))
    expect(first.ok && first.value.replay?.kind).toBe('once')
    // The second time its signature is remembered, and the proof is checked all the same.
    const asked = keys.asked
    const second = await verdict(token, proofOf(holder, token))
    expect(keys.asked).toBe(asked)
    expect(second.ok && second.value.replay?.kind).toBe('once')
    expect(second.ok && first.ok && second.value.replay?.id === first.value.replay?.id).toBe(false)
    expect(verdictOf(await verdict(token, proofOf(makeSigner('ES256', 'thief'), token)))).toMatch(
      /^proof_refused/,
    )
  })

  it.each([
    ['without a proof', { cnf: { jkt: holder.thumbprint } }, () => undefined, /^proof_refused/],
    ['that is bound to nothing', {}, proofOf, /^credential_refused: the token is bound to no key/],
    [
      'with a proof of another token',
      { cnf: { jkt: holder.thumbprint } },
      (signer: Signer) => proofOf(signer, 'other'),
      /^proof_refused/,
    ],
    [
      'with a proof of another method',
      { cnf: { jkt: holder.thumbprint } },
      (signer: Signer, token: string) => proofOf(signer, token, { htm: 'POST' }),
      /^proof_refused/,
    ],
  ])('%s is refused', async (_, claims, make, said) => {
    const token = tokenWith(claims)
    expect(verdictOf(await verdict(token, make(holder, token)))).toMatch(said)
  })

  it('is refused as a bearer token on the same route', async () => {
    const token = tokenWith({ cnf: { jkt: holder.thumbprint } })
    expect(verdictOf(await verdict(token, proofOf(holder, token), 'Bearer'))).toBe(bound)
  })
})
