import { type IssuerProfile, NOT_OF_ACCESS_TOKENS } from './profile.ts'

/**
 * Access tokens of a Keycloak realm; the audience is there once a client scope or an audience mapper adds it. Id tokens and
 * refresh tokens are told by the claim `typ`. Before release 24 access tokens carry `nonce` too, which is why it is no mark here.
 * The roles are the realm's; those of a client are at `rolesFrom: ['resource_access', '<client>', 'roles']`.
 */
export const keycloak: IssuerProfile = {
  name: 'Keycloak',
  issuer: /\/realms\/[^/]+$/,
  types: ['jwt', 'at+jwt'],
  required: ['aud', 'jti', 'azp'],
  values: { typ: ['Bearer', 'DPoP'] },
  refused: NOT_OF_ACCESS_TOKENS.filter((name) => name !== 'nonce'),
  audienceFrom: ['aud'],
  clientFrom: ['azp'],
  scopesFrom: 'scope',
  rolesFrom: ['realm_access', 'roles'],
  tokenFrom: 'jti',
  sessionFrom: 'sid',
  source: { url: 'https://www.keycloak.org/docs/latest/server_admin/', read: '2026-11' },
}
