import type { Client, Denial } from '../contract.ts'
import type { Principal } from '../principals.ts'
import { type Description, textOf } from './describe.ts'

/** What a rule may look at, whatever the route. */
export interface RuleFacts {
  principal: Principal
  /** Path parameters, percent-decoded once. */
  params: Readonly<Record<string, string>>
  method: string
  client: Client
  /** Milliseconds since the epoch. */
  now: number
}

/** What a refused caller could come back with (RFC 6750 section 3, RFC 9470 section 3). */
export type Asks = NonNullable<Denial['challenge']>

/**
 * Yes, or a denial. `undecided`: the facts do not tell, such as a claim that is missing or of another type than the rule
 * reads. It refuses like a no, and stays a refusal under `not`.
 */
export type Verdict = { ok: true } | { ok: false; denial: Denial; undecided: boolean }

/**
 * Who may call, as an object that tests a request and describes itself. The type parameters are the names of path parameters,
 * claims and members of the principal that it reads, so that a route without them does not compile.
 */
export interface Rule<
  Param extends string = string,
  Claim extends string = string,
  Member extends string = string,
  in Facts = RuleFacts,
> {
  readonly test: (facts: Facts) => Verdict
  readonly description: Description
  readonly needs: Needs<Param, Claim, Member>
  /** What every caller has to bring: asked for together with what a neighbour in `all` misses. */
  readonly asks: Asks
}

export interface Needs<
  Param extends string = string,
  Claim extends string = string,
  Member extends string = string,
> {
  readonly params: readonly Param[]
  readonly claims: readonly Claim[]
  readonly members: readonly Member[]
}

/** What stands in `authorize`, `all`, `any` and `not`: a rule, or a plain predicate. */
export type Condition<Param extends string, Claim extends string, Member extends string, Facts> =
  | Rule<Param, Claim, Member, Facts>
  | ((facts: Facts) => boolean)

interface Parts<Param extends string, Claim extends string, Member extends string> {
  description: Description
  needs?: Partial<Needs<Param, Claim, Member>>
  asks?: Asks
  /** @default 'not_authorized' */
  code?: Denial['code']
  /** Yes, no, the measure that makes it a no, or undefined where the facts do not tell. */
  decide: (facts: RuleFacts) => boolean | NonNullable<Denial['measure']> | undefined
}

/** Makes a rule. What its `decide` throws leaves the question undecided: a fault never opens a route. */
export function makeRule<
  Param extends string = never,
  Claim extends string = never,
  Member extends string = never,
>({
  description,
  needs = {},
  asks = {},
  code = 'not_authorized',
  decide,
}: Parts<Param, Claim, Member>): Rule<Param, Claim, Member> {
  const text = textOf(description)
  const challenge = code === 'not_authorized' ? {} : { challenge: asks }
  const refusal: Denial = { code, reason: `needs ${text}`, ...challenge }
  const doubt: Denial = { ...refusal, reason: `cannot be decided, so refused: ${text}` }
  return {
    description,
    needs: { params: needs.params ?? [], claims: needs.claims ?? [], members: needs.members ?? [] },
    asks,
    test(facts) {
      const decision = attempt(() => decide(facts))
      if (decision === true) return { ok: true }
      if (decision === undefined) return { ok: false, denial: doubt, undecided: true }
      const denial = decision === false ? refusal : { ...refusal, measure: decision }
      return { ok: false, denial, undecided: false }
    },
  }
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}

/** A yes or a no of a user's function: anything else, such as a promise, is neither. */
export const asBoolean = (answer: unknown): boolean | undefined =>
  typeof answer === 'boolean' ? answer : undefined

/** True for what the builders of this folder return. */
export const isRule = (value: unknown): value is Rule =>
  typeof value === 'object' &&
  value !== null &&
  'test' in value &&
  typeof value.test === 'function' &&
  'description' in value &&
  'needs' in value &&
  'asks' in value

/** Refuses options of a builder at load: it knows no route yet, so it names itself. */
export function refuseOption(builder: string, problem: string): never {
  throw new TypeError(`${builder}: ${problem}`)
}
