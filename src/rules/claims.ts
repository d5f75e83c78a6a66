import type { Principal } from '../principals.ts'
import type { ClaimValue } from './describe.ts'
import { asBoolean, makeRule, type Rule, type RuleFacts, refuseOption } from './rule.ts'

/**
 * Binds a path parameter to the claim that names the caller's tenant, by default `tenant`: they are the same text, compared
 * exactly; else 403. A claim that is missing, empty or no text refuses.
 * @throws {TypeError} at load: for an empty name, and in `defineRoute` for a parameter that the path does not have.
 * @example
 * import { sameTenant } from 'sallyport'
 *
 * export const authorize = sameTenant('tenant', 'org_id')
 */
export function sameTenant<const Param extends string>(param: Param): Rule<Param, 'tenant', 'claims'>
export function sameTenant<const Param extends string, const Claim extends string>(
  param: Param,
  claim: Claim,
): Rule<Param, Claim, 'claims'>
export function sameTenant(param: string, claim = 'tenant'): Rule<string, string, 'claims'> {
  return same('sameTenant', param, claim)
}

/**
 * Lets a caller at what is its own: the path parameter is the subject of its token, or the claim that is named; else 403.
 * Compared exactly; a claim that is missing, empty or no text refuses.
 * @throws {TypeError} at load: for an empty name, and in `defineRoute` for a parameter that the path does not have.
 * @example
 * import { ownedBy } from 'sallyport'
 *
 * export const authorize = ownedBy('user')
 */
export function ownedBy<const Param extends string>(param: Param): Rule<Param, never, 'sub'>
export function ownedBy<const Param extends string, const Claim extends string>(
  param: Param,
  claim: Claim,
): Rule<Param, Claim, 'claims'>
export function ownedBy(param: string, claim?: string): Rule<string, string, string> {
  if (claim !== undefined) return same('ownedBy', param, claim)
  named('ownedBy', param)
  return makeRule({
    description: { rule: 'owner', param },
    needs: { params: [param], members: ['sub'] },
    decide: ({ principal, params }) =>
      areSame(paramOf(params, param), 'sub' in principal ? principal.sub : undefined),
  })
}

/**
 * Lets callers in whose claim is one of the values, or passes a predicate; else 403. Values are compared exactly and with
 * their type. A claim that is missing, or of a type that no value has, refuses, also under `not`; the predicate sees only
 * claims that are there.
 * @throws {TypeError} at load: for an empty name or list, and for a value that is no text, number or truth value.
 * @example
 * import { all, claim } from 'sallyport'
 *
 * export const authorize = all(claim('plan', ['team', 'enterprise']), claim('email_verified', true))
 */
export function claim<const Claim extends string>(
  name: Claim,
  expected: ClaimValue | readonly ClaimValue[] | ((value: unknown) => boolean),
): Rule<never, Claim, 'claims'> {
  named('claim', name)
  const needs = { claims: [name], members: ['claims'] } as const
  if (typeof expected === 'function') {
    return makeRule({
      description: { rule: 'claim', claim: name, values: 'predicate' },
      needs,
      decide({ principal }) {
        const value = claimOf(principal, name)
        return value === undefined ? undefined : asBoolean(expected(value))
      },
    })
  }
  const values: readonly unknown[] = Array.isArray(expected) ? expected : [expected]
  if (!values.every(isClaimValue) || values.length === 0)
    refuseOption(
      'claim',
      `'${name}' is compared with no text, number or truth value; give one, a list or a function`,
    )
  return makeRule({
    description: { rule: 'claim', claim: name, values },
    needs,
    decide({ principal }) {
      const value = claimOf(principal, name)
      if (!values.some((wanted) => typeof wanted === typeof value)) return undefined
      return values.some((wanted) => wanted === value)
    },
  })
}

/** A claim by its own name: `constructor` is none. */
export function claimOf(principal: Principal, name: string): unknown {
  const claims = 'claims' in principal ? principal.claims : undefined
  if (typeof claims !== 'object' || claims === null || !Object.hasOwn(claims, name)) return undefined
  return (claims as Record<string, unknown>)[name]
}

function same<Param extends string, Claim extends string>(
  builder: string,
  param: Param,
  claim: Claim,
): Rule<Param, Claim, 'claims'> {
  named(builder, param)
  named(builder, claim)
  return makeRule({
    description: { rule: 'same', param, claim },
    needs: { params: [param], claims: [claim], members: ['claims'] },
    decide: ({ principal, params }) => areSame(paramOf(params, param), claimOf(principal, claim)),
  })
}

const paramOf = (params: RuleFacts['params'], name: string): unknown =>
  Object.hasOwn(params, name) ? params[name] : undefined

/** Two texts that say something: an empty one names nobody. */
function areSame(a: unknown, b: unknown): boolean | undefined {
  return typeof a === 'string' && typeof b === 'string' && a !== '' && b !== '' ? a === b : undefined
}

/** NaN equals nothing, so that a rule with it would refuse everybody. */
const isClaimValue = (value: unknown): value is ClaimValue =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)

function named(builder: string, name: unknown): void {
  if (typeof name !== 'string' || name === '') refuseOption(builder, 'a name is missing; give it as a text')
}
