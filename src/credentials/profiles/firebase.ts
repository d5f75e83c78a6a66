import { type IssuerProfile, NOT_OF_ACCESS_TOKENS } from './profile.ts'

/**
 * Id tokens of Firebase Authentication, which are what its apps send to APIs. They name neither a client nor themselves: one
 * token is known by what is signed, and is revoked so or with all of its subject's. Anonymous users have such tokens as well:
 * `firebase.sign_in_provider` tells.
 */
export const firebase: IssuerProfile = {
  name: 'Firebase',
  issuer: /^https:\/\/securetoken\.google\.com\/[a-z0-9-]+$/,
  types: ['jwt'],
  required: ['aud', 'auth_time', 'firebase'],
  refused: NOT_OF_ACCESS_TOKENS,
  audienceFrom: ['aud'],
  clientFrom: [],
  source: { url: 'https://firebase.google.com/docs/auth/admin/verify-id-tokens', read: '2026-11' },
}
