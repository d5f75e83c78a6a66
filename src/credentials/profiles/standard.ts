import { type IssuerProfile, NOT_OF_ACCESS_TOKENS } from './profile.ts'

/** JWT access tokens by their standard: what is taken unless a route says otherwise. */
export const rfc9068: IssuerProfile = {
  name: 'RFC 9068',
  types: ['at+jwt'],
  required: ['aud', 'client_id', 'jti'],
  refused: NOT_OF_ACCESS_TOKENS,
  audienceFrom: ['aud'],
  clientFrom: ['client_id'],
  scopesFrom: 'scope',
  rolesFrom: ['roles'],
  tokenFrom: 'jti',
  sessionFrom: 'sid',
  source: { url: 'https://www.rfc-editor.org/rfc/rfc9068', read: '2026-11' },
}

/** Access tokens from before that standard, with `typ` JWT or none: told from id tokens by their claims alone. */
export const plainJwt: IssuerProfile = {
  ...rfc9068,
  name: 'plain JWT',
  types: ['jwt', undefined],
  required: ['aud'],
  clientFrom: ['client_id', 'azp'],
}
