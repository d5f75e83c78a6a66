import { expect, it } from 'vitest'
import { fitsAlgorithm, TOKEN_ALGORITHMS } from '../../../../src/credentials/jwt/algorithms.ts'

/** RFC 7518 section 3, RFC 8037 section 3.1, RFC 9864 section 2.2. */
const SIZES: Readonly<Record<string, number[]>> = {
  ...Object.fromEntries(
    ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((name) => [name, [256, 1024]]),
  ),
  ES256: [64, 64],
  ES384: [96, 96],
  ES512: [132, 132],
  EdDSA: [64, 64],
  Ed25519: [64, 64],
}

it('a table here has every algorithm', () => {
  expect(Object.keys(SIZES).sort()).toEqual([...TOKEN_ALGORITHMS].sort())
})

it.each(TOKEN_ALGORITHMS)('a signature by %s has the size of its keys, and no other', (algorithm) => {
  const [least = 0, most = 0] = SIZES[algorithm] ?? []
  const sizes = Array.from({ length: 1100 }, (_, bytes) => bytes).filter((bytes) =>
    fitsAlgorithm(algorithm, bytes),
  )
  expect([sizes[0], sizes.at(-1), sizes.length]).toEqual([least, most, most - least + 1])
})
