import { type IssuerProfile, NOT_OF_ACCESS_TOKENS } from './profile.ts'

/**
 * Session tokens of Clerk. They name no audience unless one was added: the origin of the app (`azp`) stands in for it, and a
 * token without both is refused. The role is the one in the active organization. A session that is not active yet is refused.
 */
export const clerk: IssuerProfile = {
  name: 'Clerk',
  issuer: /^https:\/\/[a-z0-9.-]+$/,
  types: ['jwt'],
  headerMembers: ['cat'],
  required: ['sid', ['aud', 'azp']],
  values: { sts: ['active', undefined] },
  refused: NOT_OF_ACCESS_TOKENS,
  audienceFrom: ['aud', 'azp'],
  clientFrom: [],
  rolesFrom: ['o', 'rol'],
  tokenFrom: 'jti',
  sessionFrom: 'sid',
  source: { url: 'https://clerk.com/docs/guides/sessions/session-tokens', read: '2026-11' },
}
