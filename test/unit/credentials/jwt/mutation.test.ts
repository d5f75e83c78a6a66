import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { CredentialAuthenticator } from '../../../../src/credentials/engine.ts'
import type { TokenPrincipal } from '../../../../src/principals.ts'
import { goodClaims, key, keysOf, route, tokenWith, verdict } from './fixture.ts'
import { headerOf, makeSigner, signToken } from './signer.ts'

const RUNS = 10_000
const rsa = makeSigner('RS256', 'rsa')
const ed = makeSigner('EdDSA', 'ed')
let orders: CredentialAuthenticator<TokenPrincipal<unknown>>
let good: string[]
beforeAll(async () => {
  orders = route(await keysOf(key, rsa, ed), { algorithms: ['ES256', 'RS256', 'EdDSA'] })
  good = [
    tokenWith(),
    tokenWith({ jti: 'other', aud: ['orders-api', 'b'] }),
    ...[rsa, ed].map((signer) => signToken(signer, headerOf(signer), goodClaims)),
  ]
  for (const token of good) expect(await verdict(orders, token)).toBe('accepted')
})

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'

/** A change at any place of any part. */
const change = fc.record({
  which: fc.nat(3),
  at: fc.nat(100_000),
  kind: fc.constantFrom('replace', 'insert', 'remove', 'bit', 'cut', 'swap', 'repeat'),
  character: fc.constantFrom(...CHARACTERS),
  bit: fc.nat(7),
})

function mutant(
  token: string,
  { at, kind, character, bit }: { at: number; kind: string; character: string; bit: number },
): string {
  const i = at % token.length
  const [before, after] = [token.slice(0, i), token.slice(i + 1)]
  switch (kind) {
    case 'replace':
      return before + character + after
    case 'insert':
      return before + character + token.slice(i)
    case 'remove':
      return before + after
    case 'cut':
      return before
    case 'swap':
      return before + (token[i + 1] ?? '') + token[i] + token.slice(i + 2)
    case 'repeat':
      return before + token[i] + token.slice(i)
    default: {
      // One bit of the bytes behind a part.
      const parts = token.split('.')
      const part = at % 3
      const bytes = Buffer.from(parts[part] ?? '', 'base64url')
      const place = Math.floor(at / 3) % bytes.length
      bytes[place] = (bytes[place] ?? 0) ^ (1 << bit)
      parts[part] = bytes.toString('base64url')
      return parts.join('.')
    }
  }
}

describe('mutants of valid tokens', () => {
  it(`are refused, ${RUNS} of them, each by a denial and none by a throw`, { timeout: 120_000 }, async () => {
    let tried = 0
    await fc.assert(
      fc.asyncProperty(change, async (how) => {
        const token = good[how.which] ?? ''
        const text = mutant(token, how)
        if (good.includes(text)) return
        tried++
        expect(await verdict(orders, text)).toMatch(/^credential_(refused|repeated|missing)/)
      }),
      { numRuns: RUNS },
    )
    expect(tried).toBeGreaterThan(RUNS * 0.9)
  })

  it('hostile texts are refused, and none of them throws', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
      fc.string({ unit: fc.constantFrom(...CHARACTERS), maxLength: 60 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 5 }), async (parts) => {
        const text = parts.join('.').replace(/[^\x21-\x7e]/g, '')
        expect(await verdict(orders, `eyJ${text}`)).toMatch(/^credential_(refused|repeated)/)
      }),
      { numRuns: 3000 },
    )
  })

  it('signed nonsense is refused too: what an issuer signs is still checked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.constantFrom('iss', 'aud', 'exp', 'iat', 'sub', 'jti', 'client_id', 'cnf', 'x'),
          fc.jsonValue(),
        ),
        async (claims) => {
          expect(await verdict(orders, signToken(key, headerOf(key), claims))).toMatch(/^credential_refused/)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
