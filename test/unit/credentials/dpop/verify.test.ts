import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DpopOptions } from '../../../../src/credentials/dpop/index.ts'
import { makeNonce, nonceKey } from '../../../../src/credentials/dpop/nonce.ts'
import { verifyProof } from '../../../../src/credentials/dpop/verify.ts'
import {
  es256,
  inspect,
  inspected,
  NOW,
  pairFor,
  part,
  proof,
  sha256Of,
  signer,
  TOKEN,
  thumbprintOf,
  verdict,
} from './proofs.ts'

/** Of P-256. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const REFUSED = 'proof_refused: DPoP: '
const MISMATCH = `${REFUSED}the signature does not match`
const jkt = thumbprintOf(es256.jwk)
const env = { SEAL_KEY: 'a-secret-of-thirty-two-characters' }

const key = (await nonceKey(env)) as CryptoKey
const nonceOf = (now: number) => makeNonce(key, 300_000, now)
const stale = await nonceOf(NOW * 1000 - 600_000)
const ahead = await nonceOf(NOW * 1000 + 600_000)

const verify = (text: string, bound = {}, given: DpopOptions = {}) =>
  verifyProof(inspected(text, given), { token: TOKEN, jkt, env, ...bound })

test.each([
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const)('accepts a proof by %s', async (alg) => {
  const by = signer(alg)
  const result = await verify(proof({ by }), { jkt: thumbprintOf(by.jwk) }, { algorithms: [alg] })
  expect(verdict(result)).toBe('accepted')
})

test('claims the proof once, for as long as it would pass, under key and jti', async () => {
  const result = await verify(proof({ claims: { jti: 'jti-canary' } }), {}, { maxAge: '2 m' })
  expect(result).toEqual({
    ok: true,
    value: { replay: { kind: 'once', id: expect.any(String), ttlMs: 135_000, floorMs: 135_000 } },
  })
  if (!result.ok) return
  const { id } = result.value.replay
  expect(id).toMatch(new RegExp(`^dpop:${jkt}:[0-9a-f]{64}$`))
  expect(id).not.toContain('canary')
})

test('names two proofs by their jti alone, whatever else differs', async () => {
  const idOf = async (claims: Record<string, unknown>) => {
    const result = await verify(proof({ claims }))
    return result.ok ? result.value.replay.id : result.denial.reason
  }
  expect(await idOf({ jti: 'a', iat: NOW - 3 })).toBe(await idOf({ jti: 'a', other: 1 }))
  expect(await idOf({ jti: 'a' })).not.toBe(await idOf({ jti: 'b' }))
})

test('names the twin of an ECDSA signature (s and n - s) as one proof', async () => {
  const text = proof()
  const cut = text.lastIndexOf('.')
  const signature = Buffer.from(text.slice(cut + 1), 'base64url')
  const s = order - BigInt(`0x${signature.subarray(32).toString('hex')}`)
  signature.write(s.toString(16).padStart(64, '0'), 32, 'hex')
  const twin = `${text.slice(0, cut)}.${part(signature)}`
  expect(twin).not.toBe(text)
  expect(await verify(twin)).toEqual(await verify(text))
})

describe('refuses', () => {
  test.each([
    ['another token', { token: 'header.claims.signaturf' }, `${REFUSED}ath is not of the token`],
    ['an empty token', { token: '' }, `${REFUSED}ath is not of the token`],
    ['the key of another token', { jkt: thumbprintOf(signer('ES256').jwk) }, `${REFUSED}its key is not`],
    ['a thumbprint with padding', { jkt: `${jkt}=` }, `${REFUSED}its key is not`],
    [
      'a thumbprint with unused bits',
      { jkt: jkt.slice(0, -1) + next(jkt.at(-1)) },
      `${REFUSED}its key is not`,
    ],
    ['an empty thumbprint', { jkt: '' }, `${REFUSED}its key is not`],
    [
      'a thumbprint in hex',
      { jkt: Buffer.from(jkt, 'base64url').toString('hex') },
      `${REFUSED}its key is not`,
    ],
  ])('%s', async (_, bound, reason) => {
    expect(verdict(await verify(proof(), bound))).toContain(reason)
  })

  test('a proof that was signed by another key than its own', async () => {
    expect(verdict(await verify(proof({ by: { ...signer('ES256'), jwk: es256.jwk } })))).toBe(MISMATCH)
  })

  test('claims that were changed after signing', async () => {
    const [head, , signature] = proof().split('.')
    const claims = Buffer.from(proof({ claims: { jti: 'another' } }).split('.')[1] ?? '', 'base64url')
    expect(verdict(await verify(`${head}.${part(claims)}.${signature}`))).toBe(MISMATCH)
  })

  test.each([
    ['r = s = 0', Buffer.alloc(64)],
    ['r = s = 1', Buffer.concat([one(1n), one(1n)])],
    ['r = s = n', Buffer.concat([one(order), one(order)])],
    ['r = 0, s = n - 1', Buffer.concat([one(0n), one(order - 1n)])],
    ['all bits set', Buffer.alloc(64, 255)],
  ])('the ECDSA signature %s', async (_, signature) => {
    const text = proof()
    expect(verdict(await verify(`${text.slice(0, text.lastIndexOf('.'))}.${part(signature)}`))).toBe(MISMATCH)
  })

  test('a point that is not on the curve', async () => {
    const jwk = { ...es256.jwk, x: part(Buffer.alloc(32, 1)) }
    const text = proof({ by: { ...es256, jwk } })
    expect(verdict(await verify(text, { jkt: thumbprintOf(jwk) }))).toBe(MISMATCH)
  })

  test('the point at infinity, written as zeros', async () => {
    const jwk = { ...es256.jwk, x: part(Buffer.alloc(32)), y: part(Buffer.alloc(32)) }
    const text = proof({ by: { ...es256, jwk } })
    expect(verdict(await verify(text, { jkt: thumbprintOf(jwk) }))).toBe(MISMATCH)
  })

  test('an RSA signature by the other padding, under one key', async () => {
    const pair = pairFor('RS256')
    const text = proof({ by: { ...signer('PS256', pair), alg: 'RS256' } })
    const bound = { jkt: thumbprintOf(signer('RS256', pair).jwk) }
    expect(verdict(await verify(text, bound))).toBe(MISMATCH)
  })

  test('an RSA signature by another hash, under one key', async () => {
    const pair = pairFor('RS256')
    const text = proof({ by: { ...signer('RS512', pair), alg: 'RS256' } })
    expect(verdict(await verify(text, { jkt: thumbprintOf(signer('RS256', pair).jwk) }))).toBe(MISMATCH)
  })

  test('a PSS signature whose salt is not as long as the hash', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = publicKey.export({ format: 'jwk' }) as Record<string, unknown>
    const short = (text: string) =>
      sign('sha256', Buffer.from(text), { key: privateKey, padding: 6, saltLength: 0 })
    const text = proof({ by: { alg: 'PS256', jwk, sign: short } })
    expect(verdict(await verify(text, { jkt: thumbprintOf(jwk) }))).toBe(MISMATCH)
  })

  test('every changed byte of a good proof', async () => {
    const text = proof()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=, ~'
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: text.length - 1 }),
        fc.constantFrom(...alphabet),
        async (at, character) => {
          fc.pre(text[at] !== character)
          const changed = text.slice(0, at) + character + text.slice(at + 1)
          const result = inspect(changed)
          expect(verdict(result.ok ? await verify(changed) : result)).toContain(REFUSED)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('a route that demands nonces', () => {
  const given = { nonce: true } as const
  const withNonce = async (nonce: unknown, bound = {}) => verify(proof({ claims: { nonce } }), bound, given)

  test('accepts the nonce of the present, and says no other', async () => {
    const result = await withNonce(await nonceOf(NOW * 1000))
    expect(result).toMatchObject({ ok: true })
    expect(result.ok && result.value.answerHeaders).toBeUndefined()
  })

  test('accepts the nonce before it, and tells the new one', async () => {
    const result = await withNonce(await nonceOf(NOW * 1000 - 300_000))
    const nonce = await nonceOf(NOW * 1000)
    expect(result).toMatchObject({ ok: true, value: { answerHeaders: { 'dpop-nonce': nonce } } })
  })

  test.each([
    ['no nonce', undefined, 'the proof has no nonce'],
    ['a nonce that is a number', 7, 'the proof has no nonce'],
    ['an empty nonce', '', 'the nonce is out of date or not ours'],
    ['a nonce of somebody else', 'eyJ7S_zG.eyJH0-Z.HX4w-7v', 'the nonce is out of date or not ours'],
    ['a nonce of old', stale, 'the nonce is out of date or not ours'],
    ['a nonce of the future', ahead, 'the nonce is out of date or not ours'],
  ])('demands one of its own after %s', async (_, nonce, reason) => {
    const result = await withNonce(nonce)
    expect(verdict(result)).toBe(`proof_nonce_required: DPoP: ${reason}`)
    expect(result).toMatchObject({
      denial: { headers: { 'dpop-nonce': await nonceOf(NOW * 1000) }, challenge: { scheme: 'DPoP' } },
    })
    // What it tells passes.
    const told = result.ok ? undefined : result.denial.headers?.['dpop-nonce']
    expect(verdict(await withNonce(told))).toBe('accepted')
  })

  test('is not ready without its secret', async () => {
    expect(verdict(await withNonce('any', { env: {} }))).toBe(
      'not_configured: DPoP: nonces need the secret SEAL_KEY, of 32 characters or more',
    )
  })

  test('still refuses what a good nonce does not mend', async () => {
    const nonce = await nonceOf(NOW * 1000)
    expect(verdict(await withNonce(nonce, { token: 'another' }))).toBe(`${REFUSED}ath is not of the token`)
  })
})

test('ignores a nonce where none is demanded', async () => {
  expect(verdict(await verify(proof({ claims: { nonce: 'whatever' } })))).toBe('accepted')
})

test('has the ath of RFC 9449 section 7.1', () => {
  expect(sha256Of('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU')).toBe(
    'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
  )
})

function one(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
}
function next(character = ''): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet.charAt(alphabet.indexOf(character) + 1)
}
