import { isRule, type Rule, type RuleFacts } from './rule.ts'

/** Kinds of callers that have neither scopes nor claims. */
const WITHOUT_CREDENTIAL = ['webhook', 'anonymous']

/**
 * The rule of a route: what `authorize` holds, checked against the path and the kind of caller.
 * @throws {TypeError} for what is neither rule nor function, and for a rule that reads what the route does not have.
 */
export function authorizeRule(value: unknown, path: string, kind: string): Rule | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'function') return predicateRule(value as (facts: RuleFacts) => unknown)
  if (!isRule(value)) {
    const shown =
      typeof value === 'string' ? `'${value}'` : value === null ? 'null' : `a value of another type`
    throw new TypeError(
      `is ${shown}; use a function of the request's facts, or a rule such as hasScope('orders:write')`,
    )
  }
  const { params, members } = value.needs
  const missing = params.find((name) => !path.split('/').includes(`:${name}`))
  if (missing !== undefined)
    throw new TypeError(`reads ':${missing}', which is no parameter of the path; name one that is`)
  const [member] = members
  if (member !== undefined && WITHOUT_CREDENTIAL.includes(kind))
    throw new TypeError(`reads the ${member} of a credential, and callers of kind '${kind}' have none`)
  return value
}

/** A throw is a fault of the route and goes on: the gateway makes one 500 of it. Nothing but true is a yes. */
function predicateRule(predicate: (facts: RuleFacts) => unknown): Rule {
  const denial = { code: 'not_authorized', reason: "the route's authorize predicate said no" } as const
  return {
    description: { rule: 'predicate', name: predicate.name === 'authorize' ? '' : predicate.name },
    needs: { params: [], claims: [], members: [] },
    asks: {},
    test: (facts) => (predicate(facts) === true ? { ok: true } : { ok: false, denial, undecided: false }),
  }
}
