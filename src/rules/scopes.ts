import { makeRule, type Rule, refuseOption } from './rule.ts'

/** RFC 6749 section 3.3; a role is as narrow, so that both print and compare without escapes. */
const NAME = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Lets callers in whose credential has all of these scopes, compared exactly; else 403 with the challenge
 * `insufficient_scope` that names them all (RFC 6750 section 3.1).
 * @throws {TypeError} at load: for no scope, and for one that RFC 6749 section 3.3 does not allow.
 * @example
 * import { hasScope } from 'sallyport'
 *
 * export const authorize = hasScope('orders:read', 'orders:write')
 */
export const hasScope = (...scopes: readonly string[]): Rule<never, never, 'scopes'> =>
  listed('hasScope', 'scope', 'all', scopes)

/**
 * Lets callers in whose credential has one of these scopes, compared exactly; else 403 with the challenge
 * `insufficient_scope` that names the first one (RFC 6750 section 3.1), so write the narrowest first.
 * @throws {TypeError} at load: for no scope, and for one that RFC 6749 section 3.3 does not allow.
 * @example
 * import { hasAnyScope } from 'sallyport'
 *
 * export const authorize = hasAnyScope('orders:read', 'orders:admin')
 */
export const hasAnyScope = (...scopes: readonly string[]): Rule<never, never, 'scopes'> =>
  listed('hasAnyScope', 'scope', 'any', scopes)

/**
 * Lets callers in who have all of these roles, compared exactly; else 403.
 * @throws {TypeError} at load: for no role, and for one with spaces, quotes or characters outside ASCII.
 * @example
 * import { hasRole } from 'sallyport'
 *
 * export const authorize = hasRole('auditor')
 */
export const hasRole = (...roles: readonly string[]): Rule<never, never, 'roles'> =>
  listed('hasRole', 'role', 'all', roles)

/**
 * Lets callers in who have one of these roles, compared exactly; else 403.
 * @throws {TypeError} at load: for no role, and for one with spaces, quotes or characters outside ASCII.
 * @example
 * import { hasAnyRole } from 'sallyport'
 *
 * export const authorize = hasAnyRole('auditor', 'admin')
 */
export const hasAnyRole = (...roles: readonly string[]): Rule<never, never, 'roles'> =>
  listed('hasAnyRole', 'role', 'any', roles)

function listed<Kind extends 'scope' | 'role'>(
  builder: string,
  kind: Kind,
  of: 'all' | 'any',
  names: readonly string[],
): Rule<never, never, `${Kind}s`> {
  if (names.length === 0) refuseOption(builder, `is empty; name at least one ${kind}`)
  for (const name of names) {
    if (typeof name !== 'string' || !NAME.test(name))
      refuseOption(builder, `'${name}' is not a ${kind}; give each as a text of its own, without spaces`)
  }
  const member = `${kind}s` as const
  // Of several that would do, one is asked for: a client that gets them all has more than it needs.
  const asked = of === 'all' ? names.join(' ') : names[0]
  const rule = makeRule({
    description: { rule: kind, of, names },
    needs: { members: [member] },
    ...(kind === 'scope' && asked !== undefined && { code: 'scope_missing', asks: { scope: asked } }),
    decide({ principal }) {
      const held: unknown = (principal as unknown as Record<string, unknown>)[member]
      if (!Array.isArray(held)) return undefined
      return of === 'all'
        ? names.every((name) => held.includes(name))
        : names.some((name) => held.includes(name))
    },
  })
  return of === 'all' ? rule : { ...rule, asks: {} }
}
