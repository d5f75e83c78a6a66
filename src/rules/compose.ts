import type { Denial } from '../contract.ts'
import { type Description, textOf } from './describe.ts'
import {
  type Asks,
  asBoolean,
  type Condition,
  isRule,
  makeRule,
  type Rule,
  refuseOption,
  type Verdict,
} from './rule.ts'

/** Reads what its parts read: what the place of the rule would allow decides nothing. */
type Composed<Param extends string, Claim extends string, Member extends string, Facts> = Rule<
  NoInfer<Param>,
  NoInfer<Claim>,
  NoInfer<Member>,
  Facts
>

/**
 * Asks for every one of the rules and predicates; refused as the first that refuses. What a challenge asks for then covers all
 * rules of its kind, so that one new token satisfies them together.
 * @throws {TypeError} at load: for no rule, and for what is neither a rule nor a function.
 * @example
 * import { all, hasScope, sameTenant } from 'sallyport'
 *
 * export const authorize = all(hasScope('orders:write'), sameTenant('tenant'), ({ method }) => method === 'POST')
 */
export function all<
  Param extends string = never,
  Claim extends string = never,
  Member extends string = never,
  Facts = unknown,
>(...conditions: readonly Condition<Param, Claim, Member, Facts>[]): Composed<Param, Claim, Member, Facts> {
  const rules = rulesOf('all', conditions)
  const asks = together(rules)
  return composed(
    { rule: 'all', parts: rules.map(({ description }) => description) },
    rules,
    asks,
    (facts) => {
      let first: Denial | undefined
      for (const rule of rules) {
        const verdict = rule.test(facts)
        if (verdict.ok) continue
        first ??= verdict.denial
        // A plain no decides whatever the undecided ones would have said.
        if (!verdict.undecided) return { ok: false, denial: widened(first, asks), undecided: false }
      }
      return first === undefined ? { ok: true } : { ok: false, denial: widened(first, asks), undecided: true }
    },
  )
}

/**
 * Asks for one of the rules and predicates. Where none holds, the answer is of the first that a client can do something about,
 * a scope or a stronger authentication; else 403.
 * @throws {TypeError} at load: for no rule, and for what is neither a rule nor a function.
 * @example
 * import { any, hasRole, ownedBy } from 'sallyport'
 *
 * export const authorize = any(ownedBy('user'), hasRole('admin'))
 */
export function any<
  Param extends string = never,
  Claim extends string = never,
  Member extends string = never,
  Facts = unknown,
>(...conditions: readonly Condition<Param, Claim, Member, Facts>[]): Composed<Param, Claim, Member, Facts> {
  const rules = rulesOf('any', conditions)
  const description: Description = { rule: 'any', parts: rules.map(({ description }) => description) }
  const refusal: Denial = { code: 'not_authorized', reason: `needs ${textOf(description)}` }
  return composed(description, rules, {}, (facts) => {
    let undecided = false
    let helpful: Denial | undefined
    for (const rule of rules) {
      const verdict = rule.test(facts)
      if (verdict.ok) return verdict
      undecided ||= verdict.undecided
      if (verdict.denial.challenge) helpful ??= verdict.denial
    }
    return { ok: false, denial: helpful ?? refusal, undecided }
  })
}

/**
 * Turns a rule or predicate round; refused with 403. What cannot be decided, such as `not(claim('plan', 'free'))` without a
 * claim `plan`, is refused too.
 * @throws {TypeError} at load: for what is neither a rule nor a function.
 * @example
 * import { all, claim, hasScope, not } from 'sallyport'
 *
 * export const authorize = all(hasScope('reports:read'), not(claim('plan', 'free')))
 */
export function not<
  Param extends string = never,
  Claim extends string = never,
  Member extends string = never,
  Facts = unknown,
>(condition: Condition<Param, Claim, Member, Facts>): Composed<Param, Claim, Member, Facts> {
  const [rule] = rulesOf('not', [condition]) as [Rule<Param, Claim, Member, Facts>]
  const turned = makeRule({
    description: { rule: 'not', part: rule.description },
    decide(facts) {
      const verdict = rule.test(facts as Facts)
      if (verdict.ok) return false
      return verdict.undecided ? undefined : true
    },
  })
  return composed(turned.description, [rule], {}, turned.test as (facts: Facts) => Verdict)
}

function composed<Param extends string, Claim extends string, Member extends string, Facts>(
  description: Description,
  rules: readonly Rule<Param, Claim, Member, Facts>[],
  asks: Asks,
  test: (facts: Facts) => Verdict,
): Rule<Param, Claim, Member, Facts> {
  const gather = <Name extends string>(
    pick: (rule: Rule<Param, Claim, Member, Facts>) => readonly Name[],
  ) => [...new Set(rules.flatMap(pick))]
  const needs = {
    params: gather(({ needs }) => needs.params),
    claims: gather(({ needs }) => needs.claims),
    members: gather(({ needs }) => needs.members),
  }
  return { description, needs, asks, test }
}

function rulesOf<Param extends string, Claim extends string, Member extends string, Facts>(
  builder: string,
  conditions: readonly Condition<Param, Claim, Member, Facts>[],
): Rule<Param, Claim, Member, Facts>[] {
  if (conditions.length === 0) refuseOption(builder, 'is empty; name at least one rule')
  return conditions.map((condition): Rule<Param, Claim, Member, Facts> => {
    if (typeof condition === 'function') {
      return makeRule({
        // A minifier leaves a letter or two of a name.
        description: { rule: 'predicate', name: condition.name.length > 2 ? condition.name : '' },
        decide: (facts) => asBoolean(condition(facts as Facts)),
      }) as unknown as Rule<Param, Claim, Member, Facts>
    }
    if (isRule(condition)) return condition
    return refuseOption(builder, 'holds what is neither a rule nor a function of the facts')
  })
}

/** What one new token would have to bring to satisfy every rule: all scopes, and the most recent login. */
function together(rules: readonly { readonly asks: Asks }[]): Asks {
  const scopes = new Set(rules.flatMap(({ asks }) => asks.scope?.split(' ') ?? []))
  const acrValues = rules.find(({ asks }) => asks.acrValues !== undefined)?.asks.acrValues
  const ages = rules.flatMap(({ asks }) => asks.maxAgeSeconds ?? [])
  return {
    ...(scopes.size > 0 && { scope: [...scopes].join(' ') }),
    ...(acrValues !== undefined && { acrValues }),
    ...(ages.length > 0 && { maxAgeSeconds: Math.min(...ages) }),
  }
}

/** The denial of one rule, asking for what its neighbours of the same kind will ask for next. */
function widened(denial: Denial, asks: Asks): Denial {
  const { scope, ...stronger } = together([{ asks }, { asks: denial.challenge ?? {} }])
  if (denial.code === 'scope_missing' && scope !== undefined) return { ...denial, challenge: { scope } }
  if (denial.code !== 'authentication_insufficient') return denial
  return { ...denial, challenge: { ...stronger, ...pickAcr(denial.challenge) } }
}

/** Ways to log in cannot be joined: the ones that were refused are asked for. */
const pickAcr = ({ acrValues }: Asks = {}) => acrValues !== undefined && { acrValues }
