import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { expect, it } from 'vitest'
import { importVerifyKey } from '../../../src/keys/jwk.ts'
import { KNOWN_ALGORITHMS, readJwk } from '../../../src/lib/jwk.ts'

async function thumbprintOf(jwk: object, algorithm: string): Promise<string | undefined> {
  const read = readJwk(jwk, [algorithm])
  return read.ok ? (await importVerifyKey(read.jwk))?.thumbprint : undefined
}

it.each(KNOWN_ALGORITHMS)('a key for %s has the thumbprint that jose makes', async (algorithm) => {
  const { publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const { alg: _, ...jwk } = await exportJWK(publicKey)
  // The order of members and what else stands in a key decide nothing.
  const other = { use: 'sig', kid: 'a', ...Object.fromEntries(Object.entries(jwk).reverse()), x5t: 'b' }
  expect(await thumbprintOf(other, algorithm)).toBe(await calculateJwkThumbprint(jwk))
})

it('the example of RFC 7638 section 3.1 has the thumbprint that stands there', async () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs' +
    'tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
  expect(await thumbprintOf({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' }, 'RS256')).toBe(
    'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  )
})
