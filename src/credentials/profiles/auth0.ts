import { type IssuerProfile, NOT_OF_ACCESS_TOKENS } from './profile.ts'

/**
 * Access tokens of Auth0 in both of its token profiles, for an API with an identifier of its own. The roles are the
 * `permissions` that RBAC adds; they are the user's, whatever the client has asked for, and so they are no scopes. Only the
 * profile by RFC 9068 has a `jti`.
 */
export const auth0: IssuerProfile = {
  name: 'Auth0',
  issuer: /^https:\/\/[a-z0-9.-]+\/$/,
  types: ['jwt', 'at+jwt'],
  required: ['aud', ['client_id', 'azp']],
  refused: NOT_OF_ACCESS_TOKENS,
  audienceFrom: ['aud'],
  clientFrom: ['client_id', 'azp'],
  scopesFrom: 'scope',
  rolesFrom: ['permissions'],
  tokenFrom: 'jti',
  source: {
    url: 'https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles',
    read: '2026-11',
  },
}
