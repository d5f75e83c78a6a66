import { type IssuerProfile, NOT_OF_ACCESS_TOKENS } from './profile.ts'

/**
 * Access tokens of an Amazon Cognito user pool. They name no audience unless a resource server was asked for: the app client
 * stands in for it. All tokens of one sign-in share `origin_jti`.
 */
export const cognito: IssuerProfile = {
  name: 'Cognito',
  issuer: /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/[a-z0-9-]+_[A-Za-z0-9]+$/,
  types: [undefined],
  required: ['client_id', 'jti'],
  values: { token_use: ['access'] },
  refused: NOT_OF_ACCESS_TOKENS,
  audienceFrom: ['aud', 'client_id'],
  clientFrom: ['client_id'],
  scopesFrom: 'scope',
  rolesFrom: ['cognito:groups'],
  tokenFrom: 'jti',
  sessionFrom: 'origin_jti',
  source: {
    url: 'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html',
    read: '2026-11',
  },
}
