import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { TokenAlgorithm } from '../../../../src/credentials/index.ts'
import {
  auth0,
  clerk,
  cognito,
  entra,
  firebase,
  jwt,
  keycloak,
  okta,
} from '../../../../src/credentials/index.ts'
import type { IssuerProfile } from '../../../../src/credentials/profiles/profile.ts'
import { authenticate, keysOf, verdict } from './fixture.ts'
import { makeSigner, signToken } from './signer.ts'

interface Sample {
  profile: IssuerProfile
  /** Where such a token is shown, and when that was read. Values that stand for a person's or a tenant's are changed. */
  source: { url: string; as: 'sample' | 'table of claims' | 'captured token'; read: string }
  issuer: string
  audience: string
  header: Record<string, unknown>
  claims: Record<string, unknown>
  principal: { clientId: string | undefined; scopes: string[]; roles: string[] }
  /** What names the token and its session, after their prefixes; `digest` where the issuer names no token. */
  token: string
  session?: string
  /** Issuers that look alike. */
  strangers: string[]
  /** What else of this issuer is no access token for the API, or not a good one: changes of claims or header. */
  refused: Record<string, { claims?: Record<string, unknown>; header?: Record<string, unknown> }>
}

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const at = { iat: 1_790_000_000, exp: 1_790_003_600 }

const samples: Record<string, Sample> = {
  'auth0, its own profile': {
    profile: auth0,
    source: {
      url: 'https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles',
      as: 'sample',
      read: '2026-11',
    },
    issuer: 'https://my-domain.auth0.com/',
    audience: 'https://example.com/health-api',
    header: { alg: 'RS256', typ: 'JWT', kid: 'k' },
    claims: {
      iss: 'https://my-domain.auth0.com/',
      sub: 'auth0|123456',
      aud: ['https://example.com/health-api', 'https://my-domain.auth0.com/userinfo'],
      azp: 'my_client_id',
      ...at,
      scope: 'openid profile read:patients read:admin',
      permissions: ['read:patients'],
      gty: 'password',
    },
    principal: {
      clientId: 'my_client_id',
      scopes: ['openid', 'profile', 'read:patients', 'read:admin'],
      roles: ['read:patients'],
    },
    token: 'digest',
    strangers: ['https://my-domain.auth0.com', 'http://127.0.0.1/', 'https://my-domain.auth0.com/x/'],
    refused: {
      'an id token': { claims: { aud: 'my_client_id', nonce: 'n', azp: undefined } },
      'no client': { claims: { azp: undefined } },
      'another API': { claims: { aud: 'https://my-domain.auth0.com/userinfo' } },
    },
  },
  'auth0, by RFC 9068': {
    profile: auth0,
    source: {
      url: 'https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles',
      as: 'sample',
      read: '2026-11',
    },
    issuer: 'https://my-domain.auth0.com/',
    audience: 'https://example.com/health-api',
    header: { alg: 'RS256', typ: 'at+jwt', kid: 'k' },
    claims: {
      iss: 'https://my-domain.auth0.com/',
      sub: 'auth0|123456',
      aud: ['https://example.com/health-api', 'https://my-domain.auth0.com/userinfo'],
      client_id: 'my_client_id',
      ...at,
      jti: '73WakrfVbNJBaAmhQtEeDv',
      scope: 'openid profile read:patients read:admin',
    },
    principal: {
      clientId: 'my_client_id',
      scopes: ['openid', 'profile', 'read:patients', 'read:admin'],
      roles: [],
    },
    token: '73WakrfVbNJBaAmhQtEeDv',
    strangers: [],
    refused: { 'a logout token': { header: { typ: 'logout+jwt' } } },
  },
  okta: {
    profile: okta,
    source: {
      url: 'https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/',
      as: 'sample',
      read: '2026-11',
    },
    issuer: 'https://dev-1.okta.com/oauth2/default',
    audience: 'api://default',
    header: { alg: 'RS256', kid: 'k' },
    claims: {
      ver: 1,
      jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
      iss: 'https://dev-1.okta.com/oauth2/default',
      aud: 'api://default',
      sub: 'ada@example.com',
      ...at,
      cid: 'nmdP1fcyvdVO11AL7ECm',
      uid: '00ujmkLgagxeRrAg20g3',
      scp: ['openid', 'orders'],
      auth_time: 1_789_999_000,
    },
    principal: { clientId: 'nmdP1fcyvdVO11AL7ECm', scopes: ['openid', 'orders'], roles: [] },
    token: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
    strangers: [
      'https://dev-1.okta.com',
      'https://dev-1.okta.com/oauth2/',
      'https://dev-1.okta.com/oauth2/default/',
    ],
    refused: {
      'an id token': { claims: { cid: undefined, scp: undefined, jti: 'ID.x', at_hash: 'h' } },
      'an access token of the org server': { header: { typ: 'application/okta-internal-at+jwt' } },
    },
  },
  'entra, version 2.0': {
    profile: entra,
    source: {
      url: 'https://learn.microsoft.com/entra/identity-platform/access-tokens',
      as: 'sample',
      read: '2026-11',
    },
    issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    audience: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
    header: { typ: 'JWT', alg: 'RS256', kid: 'k' },
    claims: {
      aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
      iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      ...at,
      nbf: at.iat,
      aio: 'AXQAi/8IAAAA',
      azp: '6e74172b-be56-4843-9ff4-e66a39bb12e4',
      azpacr: '0',
      name: 'Ada',
      oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
      preferred_username: 'ada@example.com',
      rh: 'I',
      scp: 'access_as_user orders.read',
      sid: '6f5a1b3c-0000-4000-8000-000000000001',
      sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
      tid: TENANT,
      uti: 'fqiBqXLPj0eQa82S-IYFAA',
      ver: '2.0',
    },
    principal: {
      clientId: '6e74172b-be56-4843-9ff4-e66a39bb12e4',
      scopes: ['access_as_user', 'orders.read'],
      roles: [],
    },
    token: 'fqiBqXLPj0eQa82S-IYFAA',
    session: '6f5a1b3c-0000-4000-8000-000000000001',
    strangers: [
      'https://login.microsoftonline.com/common/v2.0',
      'https://login.microsoftonline.com/{tenantid}/v2.0',
      `https://login.microsoftonline.com.evil.test/${TENANT}/v2.0`,
      `https://sts.windows.net/${TENANT}`,
    ],
    refused: {
      'an id token': { claims: { azp: undefined, scp: undefined, nonce: 'n' } },
      'neither scopes nor roles': { claims: { scp: undefined } },
      'a token of another version': { claims: { ver: '3.0' } },
      'a header with nonce, as tokens for Microsoft Graph have': { header: { nonce: 'n' } },
    },
  },
  'entra, version 1.0, an app of its own': {
    profile: entra,
    source: {
      url: 'https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference',
      as: 'table of claims',
      read: '2026-11',
    },
    issuer: `https://sts.windows.net/${TENANT}/`,
    audience: 'api://orders',
    header: { typ: 'JWT', alg: 'RS256', x5t: 'i6lGk3FZzxRcUb2C3nEQ7syHJlY', kid: 'k' },
    claims: {
      aud: 'api://orders',
      iss: `https://sts.windows.net/${TENANT}/`,
      ...at,
      nbf: at.iat,
      appid: '75dbe77f-10a3-4e59-85fd-8c127544f17c',
      appidacr: '1',
      idtyp: 'app',
      oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
      roles: ['Orders.Read.All'],
      sub: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
      tid: TENANT,
      uti: 'T4hQ',
      ver: '1.0',
    },
    principal: { clientId: '75dbe77f-10a3-4e59-85fd-8c127544f17c', scopes: [], roles: ['Orders.Read.All'] },
    token: 'T4hQ',
    strangers: [],
    refused: {},
  },
  cognito: {
    profile: cognito,
    source: {
      url: 'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html',
      as: 'sample',
      read: '2026-11',
    },
    issuer: 'https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example',
    audience: 'xxxxxxxxxxxxexample',
    header: { kid: 'k', alg: 'RS256' },
    claims: {
      sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      device_key: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      'cognito:groups': ['admin'],
      iss: 'https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example',
      version: 2,
      client_id: 'xxxxxxxxxxxxexample',
      origin_jti: 'aaaaaaaa-bbbb-cccc-dddd-ffffffffffff',
      event_id: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      token_use: 'access',
      scope: 'phone openid profile resourceserver.1/appclient2 email',
      auth_time: at.iat,
      ...at,
      jti: 'aaaaaaaa-bbbb-cccc-dddd-000000000000',
      username: 'my-test-user',
    },
    principal: {
      clientId: 'xxxxxxxxxxxxexample',
      scopes: ['phone', 'openid', 'profile', 'resourceserver.1/appclient2', 'email'],
      roles: ['admin'],
    },
    token: 'aaaaaaaa-bbbb-cccc-dddd-000000000000',
    session: 'aaaaaaaa-bbbb-cccc-dddd-ffffffffffff',
    strangers: ['https://cognito-idp.us-west-2.amazonaws.com/', 'https://evil.test/us-west-2_example'],
    refused: {
      'an id token': { claims: { token_use: 'id', client_id: undefined, aud: 'xxxxxxxxxxxxexample' } },
      'an id token that says more': { claims: { token_use: 'id' } },
      'another app client': { claims: { client_id: 'another' } },
      'another audience, whatever the client': { claims: { aud: 'https://other.test' } },
    },
  },
  clerk: {
    profile: clerk,
    source: {
      url: 'https://clerk.com/docs/guides/sessions/session-tokens',
      as: 'table of claims',
      read: '2026-11',
    },
    issuer: 'https://clerk.your-site.com',
    audience: 'https://example.com',
    header: { alg: 'RS256', cat: 'cl_B7d4PD111AAA', kid: 'k', typ: 'JWT' },
    claims: {
      azp: 'https://example.com',
      iat: at.iat,
      nbf: at.iat - 10,
      exp: at.iat + 60,
      fva: [7, -1],
      iss: 'https://clerk.your-site.com',
      jti: '1234567890',
      sid: 'sess_123',
      sts: 'active',
      sub: 'user_123',
      v: 2,
      pla: 'u:free',
      o: { id: 'org_123', rol: 'admin', slg: 'org-slug', per: 'read,manage', fpm: '3,2' },
    },
    principal: { clientId: undefined, scopes: [], roles: ['admin'] },
    token: '1234567890',
    session: 'sess_123',
    strangers: ['https://clerk.your-site.com/', 'https://clerk.your-site.com/x'],
    refused: {
      'another app': { claims: { azp: 'https://evil.test' } },
      'no app': { claims: { azp: undefined } },
      'another audience, whatever the app': { claims: { aud: 'other' } },
      'a session that is pending': { claims: { sts: 'pending' } },
    },
  },
  keycloak: {
    profile: keycloak,
    source: {
      url: 'https://gist.github.com/phacman/bd288c7abac1d3fc1694b7e191e27e4c',
      as: 'captured token',
      read: '2026-11',
    },
    issuer: 'https://sso.example.com/realms/acme',
    audience: 'orders-api',
    header: { alg: 'RS256', typ: 'JWT', kid: 'k' },
    claims: {
      ...at,
      jti: 'onrtac:d58f5dc8-fd8f-462b-8a19-716f8f83985b',
      iss: 'https://sso.example.com/realms/acme',
      aud: ['orders-api', 'account'],
      sub: '36fa0f91-f94d-4a0c-afed-6b7d952e47da',
      typ: 'Bearer',
      azp: 'orders-cli',
      sid: '2a88c258-f73a-4103-b862-e1fbd8f4e04e',
      acr: '1',
      'allowed-origins': ['https://app.example.com'],
      realm_access: { roles: ['offline_access', 'operator'] },
      resource_access: { account: { roles: ['manage-account'] }, 'orders-api': { roles: ['reader'] } },
      scope: 'email profile',
      email_verified: true,
    },
    principal: {
      clientId: 'orders-cli',
      scopes: ['email', 'profile'],
      roles: ['offline_access', 'operator'],
    },
    token: 'onrtac:d58f5dc8-fd8f-462b-8a19-716f8f83985b',
    session: '2a88c258-f73a-4103-b862-e1fbd8f4e04e',
    strangers: [
      'https://sso.example.com',
      'https://sso.example.com/realms/',
      'https://sso.example.com/realms/a/b',
    ],
    refused: {
      'an id token': { claims: { typ: 'ID', aud: 'orders-api', at_hash: 'h' } },
      'an id token without a hash': { claims: { typ: 'ID' } },
      'a refresh token': { claims: { typ: 'Refresh' } },
      'a logout token': { claims: { typ: 'Logout', events: {} } },
      'a token of no type': { claims: { typ: undefined } },
    },
  },
  firebase: {
    profile: firebase,
    source: {
      url: 'https://firebase.google.com/docs/auth/admin/verify-id-tokens',
      as: 'table of claims',
      read: '2026-11',
    },
    issuer: 'https://securetoken.google.com/my-project',
    audience: 'my-project',
    header: { alg: 'RS256', kid: 'k', typ: 'JWT' },
    claims: {
      iss: 'https://securetoken.google.com/my-project',
      aud: 'my-project',
      auth_time: at.iat - 100,
      user_id: 'Zk3w',
      sub: 'Zk3w',
      ...at,
      email: 'ada@example.com',
      email_verified: true,
      firebase: { identities: { email: ['ada@example.com'] }, sign_in_provider: 'password' },
    },
    principal: { clientId: undefined, scopes: [], roles: [] },
    token: 'digest',
    strangers: ['https://session.firebase.google.com/my-project', 'https://securetoken.google.com/'],
    refused: {
      'another project': { claims: { aud: 'other-project' } },
      'a custom token': { claims: { aud: 'https://identitytoolkit.googleapis.com/', firebase: undefined } },
      'a token of no sign-in': { claims: { auth_time: undefined } },
    },
  },
}

const signer = makeSigner('RS256', 'k')
const keys = await keysOf(signer)
const now = (at.iat + 30) * 1000

const authenticatorOf = ({ profile, audience }: Sample) =>
  jwt({ issuer: 'ISSUER' as never, audience, algorithms: ['RS256'] as [TokenAlgorithm], profile, keys })
const bindingsOf = ({ issuer }: Sample) => ({ ISSUER: issuer })

describe.each(Object.entries(samples))('%s', (_, sample) => {
  const { header, claims, issuer, profile } = sample
  const authenticator = authenticatorOf(sample)
  const options = { now, bindings: bindingsOf(sample) }

  it('is accepted, and its claims are read as the issuer means them', async () => {
    const result = await authenticate(authenticator, signToken(signer, header, claims), options)
    if (!result.ok) throw new Error(result.denial.reason)
    const { principal, revocable = [] } = result.value
    expect(principal).toMatchObject({ issuer, sub: claims.sub, ...sample.principal })
    const [subject, token = '', all, session] = revocable
    expect([subject, all]).toEqual([`${issuer}|${claims.sub}`, `iss:${issuer}`])
    if (sample.token === 'digest') expect(token).toMatch(/\|[A-Za-z0-9_-]{43}$/)
    else expect(token).toBe(`jti:${issuer}|${sample.token}`)
    expect(session).toBe(sample.session && `sid:${issuer}|${sample.session}`)
  })

  it.each(Object.entries(sample.refused))('refuses %s', async (_name, change) => {
    const text = signToken(signer, { ...header, ...change.header }, { ...claims, ...change.claims })
    expect(await verdict(authenticator, text, options)).toMatch(/^credential_refused/)
  })

  it('refuses an issuer of another form as a slip in the configuration', async () => {
    for (const stranger of sample.strangers) {
      const text = signToken(signer, header, { ...claims, iss: stranger })
      expect(await verdict(authenticator, text, { now, bindings: { ISSUER: stranger } })).toMatch(
        /^not_configured: jwt: the var ISSUER is not of the form|^not_configured: jwt: the var ISSUER is not a URL/,
      )
    }
  })

  it('says where its profile and the token are from, and when that was read', () => {
    for (const { url, read } of [profile.source, sample.source]) {
      expect(url).toMatch(/^https:\/\//)
      expect(read).toMatch(/^20\d\d-(0[1-9]|1[0-2])$/)
      expect(Date.parse(read)).toBeLessThanOrEqual(Date.now())
    }
  })
})

it('every profile of an issuer has a token here', async () => {
  const files = await readdir('src/credentials/profiles')
  const sampled = new Set(Object.values(samples).map(({ profile }) => `${profile.name.toLowerCase()}.ts`))
  expect(files.toSorted()).toEqual([...sampled, 'profile.ts', 'standard.ts'].toSorted())
})

it('a profile can be changed in one thing', async () => {
  const sample = samples.keycloak as Sample
  const profile = { ...keycloak, rolesFrom: ['resource_access', 'orders-api', 'roles'] }
  const authenticator = authenticatorOf({ ...sample, profile })
  const result = await authenticate(authenticator, signToken(signer, sample.header, sample.claims), {
    now,
    bindings: bindingsOf(sample),
  })
  expect(result.ok && result.value.principal.roles).toEqual(['reader'])
})

it('a type narrows what the profile takes', async () => {
  const [sample] = [samples['auth0, its own profile'] as Sample]
  const narrow = jwt({
    issuer: 'ISSUER' as never,
    audience: sample.audience,
    algorithms: ['RS256'],
    profile: auth0,
    type: 'at+jwt',
    keys,
  })
  const options = { now, bindings: bindingsOf(sample) }
  expect(await verdict(narrow, signToken(signer, sample.header, sample.claims), options)).toMatch(/type/)
  expect(() =>
    jwt({
      issuer: 'ISSUER' as never,
      audience: 'a',
      algorithms: ['RS256'],
      profile: cognito,
      type: 'at+jwt',
      keys,
    }),
  ).toThrow(/type: Cognito has no access tokens of this type/)
})

it('a profile cannot take tokens that are made for something else', () => {
  const profile = { ...auth0, types: ['logout+jwt'] }
  expect(() =>
    jwt({ issuer: 'ISSUER' as never, audience: 'a', algorithms: ['RS256'], profile, keys }),
  ).toThrow(/logout\+jwt is no type of access tokens/)
})
