import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Authenticator } from '../../src/authenticator.ts'
import { challengesOf } from '../../src/challenge.ts'
import type { Denial } from '../../src/contract.ts'
import { type DenialCode, denials, refuse } from '../../src/denials.ts'

type Takes = Pick<Authenticator, 'kind' | 'challenges'>

const bearer: Takes = { kind: 'token', challenges: [{ scheme: 'Bearer' }] }
const dpop: Takes = { kind: 'token', challenges: [{ scheme: 'DPoP', parameters: { algs: 'ES256 EdDSA' } }] }
const both: Takes = { kind: 'token', challenges: [...(bearer.challenges ?? []), ...(dpop.challenges ?? [])] }
const key: Takes = { kind: 'apiKey', challenges: [{ scheme: 'ApiKey' }] }
const either: Takes = { kind: 'token', challenges: [...(bearer.challenges ?? []), ...(key.challenges ?? [])] }
const certificate: Takes = { kind: 'certificate', challenges: [] }
const webhook: Takes = { kind: 'webhook' }

const realm = 'realm="api.test"'
const told = (code: DenialCode) => `error_description="${denials[code].title}"`

/** The challenges of a refusal of a request with this Authorization header. */
function challenges(
  code: DenialCode,
  takes: Takes,
  authorization?: string,
  more: Pick<Denial, 'challenge'> & { metadataUrl?: string } = {},
): string[] {
  const headers = new Map(authorization ? [['authorization', authorization]] : [])
  const { metadataUrl, ...rest } = more
  const denial: Denial = { code, reason: 'a reason for the record', ...rest }
  return challengesOf(denial, takes, { headers, host: 'api.test' }, metadataUrl)
}

describe('a refusal is challenged', () => {
  it.each<[string, string[], string[]]>([
    ['without a credential: no error', challenges('credential_missing', bearer), [`Bearer ${realm}`]],
    [
      'without a credential, several schemes: one each',
      challenges('credential_missing', both),
      [`Bearer ${realm}`, `DPoP ${realm}, algs="ES256 EdDSA"`],
    ],
    [
      'with a credential of a foreign scheme: no error',
      challenges('credential_missing', bearer, 'Basic dTpw'),
      [`Bearer ${realm}`],
    ],
    [
      'two credentials: invalid_request, at 400',
      challenges('credential_repeated', bearer, 'Bearer a, Bearer b'),
      [`Bearer ${realm}, error="invalid_request", ${told('credential_repeated')}`],
    ],
    [
      'a refused token: the error on its scheme alone',
      challenges('credential_refused', both, 'Bearer a'),
      [
        `Bearer ${realm}, error="invalid_token", ${told('credential_refused')}`,
        `DPoP ${realm}, algs="ES256 EdDSA"`,
      ],
    ],
    [
      'a scheme in another case',
      challenges('credential_refused', both, 'dPoP a'),
      [
        `DPoP ${realm}, algs="ES256 EdDSA", error="invalid_token", ${told('credential_refused')}`,
        `Bearer ${realm}`,
      ],
    ],
    [
      'the scheme that the denial names, before the one of the header',
      challenges('credential_refused', both, 'Bearer a', { challenge: { scheme: 'DPoP' } }),
      [
        `DPoP ${realm}, algs="ES256 EdDSA", error="invalid_token", ${told('credential_refused')}`,
        `Bearer ${realm}`,
      ],
    ],
    [
      'junk that names no scheme: an error on each that it could have meant',
      challenges('credential_refused', either, '@@@'),
      [`Bearer ${realm}, error="invalid_token", ${told('credential_refused')}`, `ApiKey ${realm}`],
    ],
    [
      'a refused proof: on DPoP alone, whatever the header says',
      challenges('proof_refused', both, '@'),
      [
        `DPoP ${realm}, algs="ES256 EdDSA", error="invalid_dpop_proof", ${told('proof_refused')}`,
        `Bearer ${realm}`,
      ],
    ],
    [
      'a nonce that is missing',
      challenges('proof_nonce_required', dpop, 'DPoP a'),
      [`DPoP ${realm}, algs="ES256 EdDSA", error="use_dpop_nonce", ${told('proof_nonce_required')}`],
    ],
    [
      'a refused key of its own header: no error on a scheme that was not used',
      challenges('credential_refused', either),
      [`Bearer ${realm}`, `ApiKey ${realm}`],
    ],
    ['two keys of their own header', challenges('credential_repeated', either), []],
    [
      'a refused key under its scheme',
      challenges('credential_refused', key, 'ApiKey k'),
      [`ApiKey ${realm}`],
    ],
    [
      'a revoked token',
      challenges('principal_revoked', bearer, 'Bearer a'),
      [`Bearer ${realm}, error="invalid_token", ${told('principal_revoked')}`],
    ],
    [
      'a missing scope, at 403, only on the scheme that was used',
      challenges('scope_missing', both, 'Bearer a', { challenge: { scope: 'orders:read orders:write' } }),
      [
        `Bearer ${realm}, error="insufficient_scope", ${told('scope_missing')}, scope="orders:read orders:write"`,
      ],
    ],
    ['a key without a scope', challenges('scope_missing', key, undefined, { challenge: { scope: 'a' } }), []],
    [
      'a step up',
      challenges('authentication_insufficient', bearer, 'Bearer a', {
        challenge: { acrValues: 'phrh phr', maxAgeSeconds: 600 },
      }),
      [
        `Bearer ${realm}, error="insufficient_user_authentication", ${told('authentication_insufficient')}, acr_values="phrh phr", max_age="600"`,
      ],
    ],
    ['no certificate', challenges('credential_missing', certificate), [`ClientCertificate ${realm}`]],
    ['a webhook has no scheme of this kind', challenges('signature_refused', webhook), []],
    ['a plain 403', challenges('not_authorized', bearer, 'Bearer a'), []],
    ['an issuer that is down', challenges('issuer_unavailable', bearer, 'Bearer a'), []],
    ['a route that is not ready', challenges('not_configured', bearer, 'Bearer a'), []],
    ['a limit', challenges('rate_limited', bearer, 'Bearer a'), []],
    [
      'with metadata: on schemes of OAuth alone',
      challenges('credential_missing', either, undefined, { metadataUrl: 'https://api.test/.well-known/x' }),
      [`Bearer ${realm}, resource_metadata="https://api.test/.well-known/x"`, `ApiKey ${realm}`],
    ],
  ])('%s', (_, actual, expected) => {
    expect(actual).toEqual(expected)
  })

  it('at every 401 of the table, and nowhere without an error elsewhere', () => {
    for (const [code, { status, ...entry }] of Object.entries(denials)) {
      const fields = challenges(code as DenialCode, dpop, 'DPoP a')
      expect(fields, code).toHaveLength(status === 401 || 'oauth' in entry ? 1 : 0)
      expect(fields.join().includes('error='), code).toBe('oauth' in entry)
    }
  })

  it('in words that RFC 6750 section 3 allows in error_description', () => {
    for (const { title } of Object.values(denials)) expect(title).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  it('in a quoted string that nothing configured can end', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(fc.constantFrom('"', '\\', ',', '\r', '\n', 'é'), fc.string()) }),
        (text) => {
          const takes: Takes = { kind: 'token', challenges: [{ scheme: 'DPoP', parameters: { algs: text } }] }
          const [field = ''] = challenges('credential_missing', takes)
          const [, value] = /^DPoP realm="api\.test", algs="((?:[ !#-[\]-~]|\\["\\])*)"$/.exec(field) ?? []
          expect(value?.replace(/\\(.)/g, '$1')).toBe(text.replace(/[^ -~]/g, '?'))
        },
      ),
    )
  })

  it('with nothing that the client sent', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{12,40}$/), (sent) => {
        for (const code of ['credential_refused', 'credential_repeated', 'proof_refused'] as const) {
          const fields = challenges(code, both, `Bearer ${sent}`).concat(challenges(code, both, sent))
          expect(fields.some((field) => field.includes(sent))).toBe(false)
        }
      }),
    )
  })
})

describe('the answer', () => {
  const denial = { code: 'credential_missing', reason: 'none' } as const

  it('has every challenge in one field, and is not stored', () => {
    const { headers } = refuse(denial, 'id', ['Bearer realm="a"', 'DPoP realm="a"'])
    expect(headers.get('www-authenticate')).toBe('Bearer realm="a", DPoP realm="a"')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('of a 401 without a challenge is one of webhooks', () => {
    expect(refuse({ code: 'signature_missing', reason: 'none' }, 'id').headers.get('www-authenticate')).toBe(
      'Webhook-Signature',
    )
    expect(refuse({ code: 'not_authorized', reason: 'none' }, 'id').headers.has('www-authenticate')).toBe(
      false,
    )
  })
})
