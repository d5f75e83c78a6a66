import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { TokenKeys } from '../../../../src/credentials/jwt/options.ts'
import { jwt } from '../../../../src/credentials/jwt.ts'
import { goodClaims, ISSUER, key, tokenWith, verdict } from './fixture.ts'
import { headerOf, makeSigner, signToken } from './signer.ts'

const other = makeSigner('ES256', 'k1')
const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const set = { keys: [key.jwk] }
const withKeys = (keys: TokenKeys) =>
  jwt({ issuer: 'ISSUER', audience: 'orders-api', algorithms: ['ES256'], keys })

describe('keys that are configured', () => {
  const ways: [string, TokenKeys, Record<string, string>][] = [
    ['a set', { set }, {}],
    ['PEM', { pem }, {}],
    ['a variable with a set', { variable: 'ISSUER_KEYS' as never }, { ISSUER_KEYS: JSON.stringify(set) }],
    ['a variable with PEM', { variable: 'ISSUER_KEYS' as never }, { ISSUER_KEYS: pem }],
  ]
  it.each(ways)('as %s verify what their half has signed, and nothing else', async (_, keys, vars) => {
    const authenticator = withKeys(keys)
    const bindings = { ISSUER, ...vars }
    expect(await verdict(authenticator, tokenWith(), { bindings })).toBe('accepted')
    const forged = signToken(other, headerOf(other), goodClaims)
    expect(await verdict(authenticator, forged, { bindings })).toMatch(/^credential_refused/)
  })

  it('and that are broken are 503 until they are mended, not a refusal', async () => {
    const authenticator = withKeys({ variable: 'ISSUER_KEYS' as never })
    expect(await verdict(authenticator, tokenWith(), { bindings: { ISSUER } })).toMatch(/^issuer_unavailable/)
    const bindings = { ISSUER, ISSUER_KEYS: '{"keys":[' }
    expect(await verdict(authenticator, tokenWith(), { bindings })).toMatch(/^issuer_unavailable/)
  })

  it('are never private', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256' }
    expect(() => withKeys({ set: { keys: [jwk] } })).toThrow(/^jwt: keys: .*private/)
    const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    expect(() => withKeys({ pem: text })).toThrow(/^jwt: keys: /)
  })

  it('stand in one place', () => {
    expect(() => withKeys({ set, pem } as never)).toThrow('jwt: keys: names more than one place; keep one')
    expect(() => withKeys({ set, jwks: 'ISSUER' } as never)).toThrow('jwt: keys: names more than one place')
    expect(() => withKeys({} as never)).toThrow(/^jwt: keys: /)
  })
})

describe('the URL of a key set', () => {
  const authenticator = withKeys({ jwks: 'JWKS_URL' as never })
  it.each([
    [undefined, 'jwt: the var JWKS_URL is not set'],
    ['keys', 'jwt: the var JWKS_URL is not a URL'],
    ['http://issuer.test/jwks', 'jwt: the var JWKS_URL is not https'],
    ['http://169.254.169.254/jwks', 'jwt: the var JWKS_URL is not https'],
    ['http://127.0.0.1/jwks', 'jwt: the var JWKS_URL is not https'],
    ['https://a:b@issuer.test/jwks', 'jwt: the var JWKS_URL has a user name or a password'],
  ])('%s is not one: the route is not configured', async (url, reason) => {
    const bindings = { ISSUER, ...(url !== undefined && { JWKS_URL: url }) }
    expect(await verdict(authenticator, tokenWith(), { bindings })).toBe(`not_configured: ${reason}`)
  })
})
