import { type IssuerProfile, NOT_OF_ACCESS_TOKENS } from './profile.ts'

/**
 * Access tokens of a custom authorization server of Okta. Those of the org server are for Okta's own API and of no use
 * elsewhere: its issuer, which has no `/oauth2/` in it, is refused.
 */
export const okta: IssuerProfile = {
  name: 'Okta',
  issuer: /^https:\/\/[a-z0-9.-]+\/oauth2\/[A-Za-z0-9_-]+$/,
  types: [undefined, 'jwt', 'at+jwt'],
  required: ['aud', 'jti', 'cid'],
  refused: NOT_OF_ACCESS_TOKENS,
  audienceFrom: ['aud'],
  clientFrom: ['cid'],
  scopesFrom: 'scp',
  rolesFrom: ['groups'],
  tokenFrom: 'jti',
  source: { url: 'https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/', read: '2026-11' },
}
