import { type IssuerProfile, NOT_OF_ACCESS_TOKENS } from './profile.ts'

const TENANT = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

/**
 * Access tokens of one Microsoft Entra tenant, of version 2.0 or 1.0. `uti` stands in for `jti`. A token without scopes and
 * app roles is refused, as Microsoft asks of APIs. With continuous access evaluation tokens live up to 28 hours: such a route
 * needs `maxLifetime: '28 h'`.
 */
export const entra: IssuerProfile = {
  name: 'Entra',
  issuer: new RegExp(
    `^https://(?:(?:login\\.microsoftonline\\.(?:com|us)|login\\.partner\\.microsoftonline\\.cn)/${TENANT}/v2\\.0|sts\\.windows\\.net/${TENANT}/)$`,
  ),
  types: ['jwt'],
  required: ['aud', 'uti', ['azp', 'appid'], ['scp', 'roles']],
  values: { ver: ['2.0', '1.0'] },
  refused: NOT_OF_ACCESS_TOKENS,
  audienceFrom: ['aud'],
  clientFrom: ['azp', 'appid'],
  scopesFrom: 'scp',
  rolesFrom: ['roles'],
  tokenFrom: 'uti',
  sessionFrom: 'sid',
  source: {
    url: 'https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference',
    read: '2026-11',
  },
}
