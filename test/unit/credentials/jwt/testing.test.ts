import { signToken } from 'sallyport/testing'
import { describe, expect, it } from 'vitest'
import { goodClaims, keysOf, route, verdict } from './fixture.ts'
import { makeSigner } from './signer.ts'

describe('signToken', () => {
  it.each(['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256'] as const)(
    'signs what jwt() takes, with %s',
    async (algorithm) => {
      const signer = makeSigner(algorithm, 'k1')
      const key = { ...signer.privateKey.export({ format: 'jwk' }), alg: algorithm, kid: 'k1' } as JsonWebKey
      const orders = route(await keysOf(signer), { algorithms: [algorithm] })
      const claims = { ...goodClaims, name: 'Zoë' }
      expect(await verdict(orders, await signToken({ key, claims }))).toBe('accepted')
      expect(await verdict(orders, await signToken({ key, claims, header: { typ: 'JWT' } }))).toMatch(/type/)
      const { aud: _, ...without } = goodClaims
      expect(await verdict(orders, await signToken({ key, claims: without }))).toMatch(/no aud/)
    },
  )

  it.each([undefined, 'none', 'HS256', 'constructor'])('does not sign with the algorithm %s', async (alg) => {
    const key = { kty: 'oct', k: 'AA', ...(alg !== undefined && { alg }) }
    await expect(signToken({ key, claims: {} })).rejects.toThrow(TypeError)
  })
})
