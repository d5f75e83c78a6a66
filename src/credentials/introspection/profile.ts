import type { IssuerProfile } from '../profiles/profile.ts'
import { NOT_OF_ACCESS_TOKENS } from '../profiles/profile.ts'

/**
 * What an introspection answer has to say of an access token. RFC 7662 makes nearly all of it optional; what a decision
 * rests on has to be there.
 */
export const introspected: IssuerProfile = {
  name: 'introspection',
  types: [],
  required: ['iss', 'sub', 'aud', 'exp', 'iat'],
  // An endpoint knows refresh and id tokens too: Keycloak tells them by `typ`, Hydra by `token_use`.
  values: {
    token_type: [undefined, 'Bearer', 'bearer', 'DPoP', 'dpop'],
    token_use: [undefined, 'access_token', 'access'],
    typ: [undefined, 'Bearer', 'DPoP', 'JWT', 'at+jwt', 'application/at+jwt'],
  },
  refused: NOT_OF_ACCESS_TOKENS,
  audienceFrom: ['aud'],
  clientFrom: ['client_id', 'azp'],
  scopesFrom: 'scope',
  rolesFrom: ['roles'],
  tokenFrom: 'jti',
  sessionFrom: 'sid',
  source: { url: 'https://www.rfc-editor.org/rfc/rfc7662#section-2.2', read: 'November 2026' },
}
