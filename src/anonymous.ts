import type { Authenticator } from './authenticator.ts'
import { allow } from './contract.ts'
import type { AnonymousPrincipal } from './principals.ts'

/**
 * Lets callers in without credentials: for public routes, which limits, schema and block lists still guard.
 * @example
 * import { anonymous } from 'sallyport'
 *
 * export const authenticate = anonymous()
 */
export const anonymous = (): Authenticator<AnonymousPrincipal, 'anonymous'> => ({
  name: 'anonymous',
  kind: 'anonymous',
  signsBody: false,
  secrets: [],
  inspect: () => allow(() => allow({ principal: { kind: 'anonymous', id: 'anonymous' } })),
})
