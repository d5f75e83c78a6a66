import { describe, expect, it } from 'vitest'
import { dpop } from '../../../../src/credentials/dpop/index.ts'
import { opaqueToken } from '../../../../src/credentials/introspection/index.ts'
import { oneOf } from '../../../../src/credentials/one-of.ts'
import { es256, part, sha256Of, thumbprintOf } from '../dpop/proofs.ts'
import { active, envOf, names, outcome, route, SECONDS, use } from './tokens.ts'
import { useIntrospection } from './use.ts'

const server = useIntrospection()

describe('the options of opaqueToken, at load', () => {
  it.each([
    ['introspection', { introspection: undefined }],
    ['clientId', { clientId: '' }],
    ['clientSecret', { clientSecret: 7 }],
    ['issuer', { issuer: undefined }],
    ['audience', { audience: undefined }],
    ['audience', { audience: [] }],
    ['audience', { audience: ['a', ''] }],
    ['claims', { claims: {} }],
    ['cache', { cache: '30s' }],
    ['cache', { cache: '6 m' }],
    ['negativeCache', { negativeCache: '2 m' }],
    ['tolerance', { tolerance: '1 h' }],
    ['dpop', { dpop: true }],
    ['scopes', { scopes: [] }],
  ])('complain of %s: %o', (option, wrong) => {
    expect(() => route(wrong)).toThrow(TypeError)
    expect(() => route(wrong)).toThrow(`opaqueToken: ${option}: `)
  })

  it('complain of what is no options at all', () => {
    expect(() => opaqueToken(undefined as never)).toThrow(TypeError)
  })

  it('tell the secret, the issuer and the challenges of the route', () => {
    expect(route()).toMatchObject({
      name: 'opaque token',
      kind: 'token',
      secrets: [names.clientSecret],
      issuers: [names.issuer],
      challenges: [{ scheme: 'Bearer' }],
    })
    expect(route({ dpop: dpop() }).challenges?.map(({ scheme }) => scheme)).toEqual(['Bearer', 'DPoP'])
    expect(route({ dpop: dpop({ required: true }) }).challenges?.map(({ scheme }) => scheme)).toEqual([
      'DPoP',
    ])
    // The nonces of proofs are sealed with it.
    expect(route({ dpop: dpop({ nonce: true }) }).secrets).toEqual([names.clientSecret, 'SEAL_KEY'])
  })
})

describe('no question is asked about', () => {
  const authorization = (text: string) => ({ authorization: text })
  it.each<[string, Record<string, string>, string]>([
    ['nothing', {}, 'credential_missing'],
    [
      '4097 characters',
      authorization(`Bearer ${'a'.repeat(4097)}`),
      'credential_refused: the token is too long',
    ],
    ['60 KB', authorization(`Bearer ${'a'.repeat(61_440)}`), 'credential_refused'],
    [
      'a JWT: its issuer is another',
      authorization('Bearer eyJhbGciOiJub25lIn0.e30.'),
      'credential_refused: the credential is of no kind',
    ],
    ['two tokens', authorization('Bearer a, Bearer b'), 'credential_repeated'],
    ['a token with a space', authorization('Bearer a b'), 'credential_refused'],
    ['a token with a percent sign', authorization('Bearer a%20b'), 'credential_refused'],
    ['a token with a letter beyond ASCII', authorization('Bearer \u00e9'), 'credential_refused'],
    ['only padding', authorization('Bearer ='), 'credential_refused'],
    ['Basic', authorization('Basic YTpi'), 'credential_missing'],
    ['DPoP where the route takes none', authorization('DPoP abc'), 'credential_missing'],
  ])('%s', async (_, headers, expected) => {
    expect((await use({ env: envOf(server.url), headers }).then(outcome)).startsWith(expected)).toBe(true)
    expect(server.asked).toEqual([])
  })

  it('4096 characters are asked about', async () => {
    expect((await use({ env: envOf(server.url), token: 'a'.repeat(4096) })).ok).toBe(true)
  })
})

it('beside another issuer of opaque tokens is refused at load: the first would take all of them', () => {
  expect(() => oneOf(route(), route({ introspection: 'OTHER' }))).toThrow(
    /^oneOf: opaque token: stands before opaque token/,
  )
})

describe('a token that is bound to a key', () => {
  const by = route({ dpop: dpop() })
  const token = 'bound-token'
  const proofOf = (claims: object = {}) => {
    const head = part(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: es256.jwk }))
    const good = { htm: 'GET', htu: 'https://gw.test/x', iat: SECONDS, jti: 'one', ath: sha256Of(token) }
    const body = part(JSON.stringify({ ...good, ...claims }))
    return `${head}.${body}.${part(es256.sign(`${head}.${body}`))}`
  }
  const bound = (more = {}) => active({ token_type: 'DPoP', cnf: { jkt: thumbprintOf(es256.jwk) }, ...more })
  const withProof = (dpop: string) => ({ authorization: `DPoP ${token}`, dpop })

  it('passes with its proof, which is used up', async () => {
    server.answer(bound())
    const result = await use({ env: envOf(server.url), by, headers: withProof(proofOf()) })
    expect(result).toMatchObject({ ok: true, value: { replay: { kind: 'once' } } })
  })

  it.each([
    ['as a bearer token', { authorization: `Bearer ${token}` }, bound(), 'credential_refused', 1],
    ['without a proof', { authorization: `DPoP ${token}` }, bound(), 'proof_refused', 0],
    ['with a proof for another method', withProof(proofOf({ htm: 'POST' })), bound(), 'proof_refused', 0],
    [
      'with a proof for another token',
      withProof(proofOf({ ath: sha256Of('x') })),
      bound(),
      'proof_refused',
      1,
    ],
    ['to another key', withProof(proofOf()), bound({ cnf: { jkt: 'A'.repeat(43) } }), 'proof_refused', 1],
    ['to none, with a proof', withProof(proofOf()), active(), 'credential_refused', 1],
  ])('%s is refused', async (_, headers, answer, code, questions) => {
    server.answer(answer)
    const result = await use({ env: envOf(server.url), by, headers })
    expect(outcome(result).split(':')[0]).toBe(code)
    expect(server.asked).toHaveLength(questions)
  })
})
