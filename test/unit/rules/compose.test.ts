import {
  acr,
  all,
  any,
  authenticatedWithin,
  claim,
  describe as describeRule,
  during,
  hasAnyScope,
  hasRole,
  hasScope,
  not,
  type Rule,
  sameTenant,
} from 'sallyport'
import { describe, expect, it } from 'vitest'
import { denialOf, verdictOf } from './facts.ts'

const yes = () => true
const no = () => false
const undecided = claim('absent', 'x')
const broken = () => {
  throw new Error('a fault of the predicate')
}
const promised = (async () => true) as never

type Verdict = 'yes' | 'no' | 'undecided'

describe('rules compose', () => {
  it.each<[string, Rule<string, string, string>, Verdict]>([
    ['all: every one holds', all(yes, yes), 'yes'],
    ['all: the last refuses', all(yes, no), 'no'],
    ['all: one is undecided', all(yes, undecided), 'undecided'],
    ['all: a no decides before what is undecided', all(no, undecided), 'no'],
    ['all: and behind it', all(undecided, no), 'no'],
    ['all: a predicate that throws', all(yes, broken), 'undecided'],
    ['all: a promise is not true', all(promised), 'undecided'],
    ['any: the last holds', any(no, yes), 'yes'],
    ['any: a yes decides whatever is undecided', any(undecided, broken, yes), 'yes'],
    ['any: none holds', any(no, no), 'no'],
    ['any: a no and one undecided', any(no, undecided), 'undecided'],
    ['any: a promise is not true', any(no, promised), 'undecided'],
    ['not: a no', not(no), 'yes'],
    ['not: a yes', not(yes), 'no'],
    ['not: what is undecided is no pass', not(undecided), 'undecided'],
    ['not: nor is a predicate that throws', not(broken), 'undecided'],
    ['not: nor a promise of false', not((async () => false) as never), 'undecided'],
    ['not: twice', not(not(yes)), 'yes'],
    ['not: undecided below all', not(all(yes, undecided)), 'undecided'],
    ['not: undecided below any', not(any(no, undecided)), 'undecided'],
    ['not: undecided below all beside a no', not(all(undecided, no)), 'yes'],
    ['deep: all of any of not', all(any(no, not(no)), yes), 'yes'],
  ])('%s', (_, rule, verdict) => {
    expect(verdictOf(rule as Rule)).toBe(verdict)
  })

  it('with the truth table of three values, whatever the nesting', () => {
    const values = { yes, no, undecided } as const
    const rank = { no: 0, undecided: 1, yes: 2 }
    const byRank = ['no', 'undecided', 'yes'] as const
    for (const [a, ruleA] of Object.entries(values) as [Verdict, Rule][]) {
      for (const [b, ruleB] of Object.entries(values) as [Verdict, Rule][]) {
        expect(verdictOf(all(ruleA, ruleB))).toBe(byRank[Math.min(rank[a], rank[b])])
        expect(verdictOf(any(ruleA, ruleB))).toBe(byRank[Math.max(rank[a], rank[b])])
        // De Morgan: turning round loses nothing.
        expect(verdictOf(not(all(ruleA, ruleB)))).toBe(verdictOf(any(not(ruleA), not(ruleB))))
        expect(verdictOf(not(any(ruleA, ruleB)))).toBe(verdictOf(all(not(ruleA), not(ruleB))))
      }
    }
  })

  it('with plain predicates that see the facts', () => {
    const rule = all(
      hasScope('a'),
      ({ method, client, now }) => method === 'GET' && !client.address && now > 0,
    )
    expect(verdictOf(rule, { scopes: ['a'] })).toBe('yes')
  })
})

describe('a refusal of a composition', () => {
  it('is the one of the first part that refuses', () => {
    const rule = all(hasRole('admin'), hasScope('a'))
    expect(denialOf(rule).code).toBe('not_authorized')
    expect(denialOf(rule).reason).toBe('needs role admin')
    expect(denialOf(rule, { roles: ['admin'] }).code).toBe('scope_missing')
  })

  it('asks for every scope of all, so that one new token is enough', () => {
    const rule = all(hasScope('a'), all(hasScope('b'), hasRole('r')), hasScope('c'))
    expect(denialOf(rule, { scopes: ['a'] }).challenge).toEqual({ scope: 'a b c' })
  })

  it('asks for what an alternative needs only where none of them holds', () => {
    const rule = all(any(hasScope('x'), hasRole('r')), hasScope('b'))
    expect(denialOf(rule, { roles: ['r'] }).challenge).toEqual({ scope: 'b' })
    expect(denialOf(rule).challenge).toEqual({ scope: 'b x' })
    const either = all(hasAnyScope('r', 'w'), hasScope('z'))
    expect(denialOf(either, { scopes: ['w'] }).challenge).toEqual({ scope: 'z' })
    expect(denialOf(either).challenge).toEqual({ scope: 'z r' })
  })

  it('asks for way and age of the login together', () => {
    const rule = all(acr('phr'), authenticatedWithin('10 m'), authenticatedWithin('5 m'))
    const both = { acrValues: 'phr', maxAgeSeconds: 300 }
    expect(denialOf(rule)).toMatchObject({ code: 'authentication_insufficient', challenge: both })
    expect(denialOf(rule, { claims: { acr: 'phr' } }).challenge).toEqual(both)
    expect(denialOf(all(acr('a'), acr('b')), { claims: { acr: 'a' } }).challenge).toEqual({ acrValues: 'b' })
  })

  it('does not mix what is asked for by different refusals', () => {
    const rule = all(hasScope('a'), acr('phr'))
    expect(denialOf(rule).challenge).toEqual({ scope: 'a' })
    expect(denialOf(rule, { scopes: ['a'] }).challenge).toEqual({ acrValues: 'phr' })
  })

  it('of any is one that a client can do something about, else plain', () => {
    expect(denialOf(any(hasRole('r'), hasScope('a'), acr('x'))).challenge).toEqual({ scope: 'a' })
    expect(denialOf(any(hasRole('r'), sameTenant('t')))).toEqual({
      code: 'not_authorized',
      reason: 'needs role r or :t = claim tenant',
    })
  })

  it('of not asks for nothing', () => {
    expect(denialOf(not(hasScope('a')), { scopes: ['a'] })).toEqual({
      code: 'not_authorized',
      reason: 'needs not (scope a)',
    })
  })
})

describe('a composition describes itself', () => {
  const isOffice = () => true
  it.each<[Rule<string, string, string>, string]>([
    [all(hasScope('orders:write'), sameTenant('tenant')), 'scope orders:write and :tenant = claim tenant'],
    [all(any(hasRole('a'), hasRole('b')), hasScope('s')), '(role a or role b) and scope s'],
    [any(all(hasRole('a'), hasRole('b')), hasScope('s')), '(role a and role b) or scope s'],
    [not(any(hasRole('a'), hasRole('b'))), 'not (role a or role b)'],
    [all(hasScope('s')), 'scope s'],
    [any(isOffice, () => true), 'predicate isOffice or a predicate'],
    [
      during({ days: ['mon'], from: '08:00', to: '18:00', zone: 'Europe/Zurich' }),
      'time in mon 08:00 to 18:00 Europe/Zurich',
    ],
  ])('%#', (rule, text) => {
    expect(describeRule(rule)).toBe(text)
  })

  it('and tells what it reads', () => {
    const rule = all(hasScope('a'), any(sameTenant('t', 'org'), not(sameTenant('u', 'org'))))
    expect(rule.needs).toEqual({ params: ['t', 'u'], claims: ['org'], members: ['scopes', 'claims'] })
  })
})

describe('a composition refuses at load', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['all of nothing, which would hold for everybody', () => all(), /^all: is empty; name at least one rule/],
    ['any of nothing', () => any(), /^any: is empty/],
    ['a text', () => all('admin' as never), /^all: holds what is neither a rule nor a function/],
    ['true', () => any(true as never), /^any: holds what is neither/],
    ['nothing', () => not(undefined as never), /^not: holds what is neither/],
    ['an object that only tests', () => all({ test: () => ({ ok: true }) } as never), /^all: holds what is/],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(TypeError)
    expect(build).toThrow(message)
  })
})
