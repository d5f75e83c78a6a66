import { describe, expect, it } from 'vitest'
import type { Means } from '../../../src/authenticator.ts'
import { allow, type ClientCertificate, deny, type Identified } from '../../../src/contract.ts'
import { credential } from '../../../src/credentials/engine.ts'
import { oneOf } from '../../../src/credentials/one-of.ts'
import type { CredentialScheme, Place } from '../../../src/credentials/scheme.ts'
import type { Principal } from '../../../src/principals.ts'

const BEARER: Place = { in: 'authorization', scheme: 'bearer' }
const DPOP: Place = { in: 'authorization', scheme: 'dpop' }
const KEY: Place = { in: 'header', name: 'x-api-key' }
const CERTIFICATE: Place = { in: 'certificate' }

/** A scheme of the test's own: takes texts that begin with its name, and lets in what ends in `ok`. */
function scheme(name: string, ...places: Place[]): CredentialScheme {
  return {
    name,
    kind: 'token',
    secrets: [`${name.toUpperCase()}_SECRET`],
    places,
    challenges: places.map((place) => ({ scheme: place.in === 'authorization' ? place.scheme : place.in })),
    takes: ({ place, text }) => place.in === 'certificate' || text.startsWith(name),
    inspect: ({ text, place }) =>
      place.in === 'certificate' || text.endsWith('ok')
        ? allow(() => allow({ principal: { kind: 'token', id: `${name}|${text}` } satisfies Principal }))
        : deny('credential_refused', `${name}: not ok`),
  }
}

const token = credential([scheme('token', BEARER, DPOP)])
const key = credential([scheme('key', KEY)])
const either = oneOf(token, key, credential([scheme('certificate', CERTIFICATE)]))

type Sent = { headers?: [string, string][]; search?: string; certificate?: ClientCertificate }

function factsOf({ headers = [], search = '', certificate }: Sent): Identified {
  const request = new Request(`https://gw.test/x${search}`, { headers })
  const client = { address: undefined, key: undefined, country: undefined, asn: undefined }
  return {
    id: '',
    request,
    headers: new Map(request.headers),
    now: 0,
    method: 'GET',
    host: 'gw.test',
    scheme: 'https',
    path: '/x',
    search,
    params: {},
    client,
    ...(certificate && { certificate }),
  }
}

/** What a request comes to: the principal's id and the scheme, or the denial's code. */
async function outcome(authenticator: typeof either, sent: Sent): Promise<string> {
  const inspected = authenticator.inspect(factsOf(sent), {})
  if (!inspected.ok) return inspected.denial.code
  const proven = await inspected.value(undefined, {} as Means)
  return proven.ok ? `${proven.value.principal.id} by ${proven.value.credential}` : proven.denial.code
}

const authorization = (text: string): Sent => ({ headers: [['Authorization', text]] })

describe('the one credential of a request', () => {
  it.each([
    ['the scheme as registered', 'Bearer token.ok', 'token|token.ok by token'],
    ['in lower case', 'bearer token.ok', 'token|token.ok by token'],
    ['in upper case', 'BEARER token.ok', 'token|token.ok by token'],
    ['another scheme of the same kind', 'DPoP token.ok', 'token|token.ok by token'],
    ['two spaces', 'Bearer  token.ok', 'credential_refused'],
    ['a tab', 'Bearer\ttoken.ok', 'credential_refused'],
    ['no space', 'Bearertoken.ok', 'credential_refused'],
    ['no token', 'Bearer', 'credential_refused'],
    ['two words', 'Bearer token ok', 'credential_refused'],
    ['two tokens', 'Bearer token.ok,token.ok', 'credential_repeated'],
    ['characters of no token', 'Bearer token"ok', 'credential_refused'],
    ['padding in the middle', 'Bearer token=ok', 'credential_refused'],
    ['a percent escape', 'Bearer token%2Eok', 'credential_refused'],
    ['a parameter list', 'Bearer token="x.ok"', 'credential_refused'],
    ['60 KB', `Bearer token${'x'.repeat(60_000)}ok`, 'credential_refused'],
    ['a kind that the route does not take', 'Bearer other.ok', 'credential_refused'],
    ['another scheme', 'Basic dXNlcjpwYXNz', 'credential_missing'],
    ['nothing that is a scheme', '"Bearer" token.ok', 'credential_refused'],
    ['empty', '', 'credential_refused'],
  ])('Authorization: %s', async (_name, text, expected) => {
    expect(await outcome(either, authorization(text))).toBe(expected)
  })

  it('is asked for where there is none', async () => {
    expect(await outcome(either, {})).toBe('credential_missing')
    expect(await outcome(token, { headers: [['X-Api-Key', 'key-ok']] })).toBe('credential_missing')
  })

  it('is not looked for in the query', async () => {
    expect(await outcome(either, { search: '?access_token=token.ok' })).toBe('credential_missing')
  })

  it('is found in a header of its own', async () => {
    expect(await outcome(either, { headers: [['X-Api-Key', 'key-ok']] })).toBe('key|key-ok by key')
    expect(await outcome(either, { headers: [['X-Api-Key', '']] })).toBe('credential_refused')
  })

  it.each<[string, Sent]>([
    [
      'two Authorization headers',
      {
        headers: [
          ['Authorization', 'Bearer token.ok'],
          ['Authorization', 'Bearer token.ok'],
        ],
      },
    ],
    [
      'Basic before it',
      {
        headers: [
          ['Authorization', 'Basic dXNlcjpwYXNz'],
          ['Authorization', 'Bearer token.ok'],
        ],
      },
    ],
    [
      'Basic after it',
      {
        headers: [
          ['Authorization', 'Bearer token.ok'],
          ['Authorization', 'Basic dXNlcjpwYXNz'],
        ],
      },
    ],
    [
      'a key beside it',
      {
        headers: [
          ['Authorization', 'Bearer token.ok'],
          ['X-Api-Key', 'key-ok'],
        ],
      },
    ],
    [
      'a refused key beside it',
      {
        headers: [
          ['Authorization', 'Bearer token.ok'],
          ['X-Api-Key', ''],
        ],
      },
    ],
    [
      'two keys',
      {
        headers: [
          ['X-Api-Key', 'key-ok'],
          ['X-Api-Key', 'key-ok'],
        ],
      },
    ],
    [
      'a key beside Basic',
      {
        headers: [
          ['Authorization', 'Basic dXNlcjpwYXNz'],
          ['X-Api-Key', 'key-ok'],
        ],
      },
    ],
    ['one in the query too', { ...authorization('Bearer token.ok'), search: '?a=1&access_token=x' }],
    ['one in the query, escaped', { ...authorization('Bearer token.ok'), search: '?%61ccess_token=x' }],
  ])('is refused with another: %s', async (_name, sent) => {
    expect(await outcome(either, sent)).toBe('credential_repeated')
  })

  it('may be the certificate of the connection, which beside a token decides nothing', async () => {
    const certificate: ClientCertificate = { isVerified: false, fault: 'not readable' }
    expect(await outcome(either, { certificate })).toBe('certificate| by certificate')
    expect(await outcome(either, { certificate, ...authorization('Bearer token.bad') })).toBe(
      'credential_refused',
    )
    expect(await outcome(either, { certificate, ...authorization('Bearer token.ok') })).toBe(
      'token|token.ok by token',
    )
    expect(await outcome(token, { certificate })).toBe('credential_missing')
  })

  it('is never tried as another kind once one has taken it', async () => {
    const first = scheme('to', BEARER)
    const second = scheme('token', BEARER)
    const refusing = { ...first, inspect: () => deny('credential_refused', 'first') }
    expect(
      await outcome(credential([refusing, second]) as typeof either, authorization('Bearer token.ok')),
    ).toBe('credential_refused')
    expect(
      await outcome(credential([second, refusing]) as typeof either, authorization('Bearer token.ok')),
    ).toBe('token|token.ok by token')
  })
})

describe('oneOf', () => {
  it('takes what catches every text only where it is the last at its place', () => {
    const catchesAll = credential([{ ...scheme('any', BEARER), catchesAll: true }])
    expect(() => oneOf(catchesAll, token)).toThrow(/^oneOf: any: stands before token, .* put it last/)
    expect(() => oneOf(token, catchesAll, key)).not.toThrow()
  })

  it('needs what each of its kinds needs, and challenges with all of them, each once', () => {
    expect(oneOf(token, key, token)).toMatchObject({
      name: 'token or key or token',
      secrets: ['TOKEN_SECRET', 'KEY_SECRET'],
      challenges: [{ scheme: 'bearer' }, { scheme: 'dpop' }, { scheme: 'header' }],
    })
  })
})
