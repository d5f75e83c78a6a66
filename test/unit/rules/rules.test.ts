import * as fc from 'fast-check'
import {
  acr,
  authenticatedWithin,
  claim,
  country,
  describe as describeRule,
  hasAnyRole,
  hasAnyScope,
  hasRole,
  hasScope,
  network,
  not,
  ownedBy,
  type Rule,
  sameTenant,
} from 'sallyport'
import { describe, expect, it } from 'vitest'
import { denialOf, type facts, NOW, verdictOf } from './facts.ts'

type Row = [
  name: string,
  rule: Rule,
  caller: Parameters<typeof facts>[0],
  verdict: 'yes' | 'no' | 'undecided',
]

const tenant = { tenant: 'acme' }
const at = (seconds: number) => ({ claims: { auth_time: NOW / 1000 + seconds } })

describe('a rule', () => {
  it.each<Row>([
    ['scope: held', hasScope('a'), { scopes: ['b', 'a'] }, 'yes'],
    ['scope: both held', hasScope('a', 'b'), { scopes: ['b', 'a'] }, 'yes'],
    ['scope: one of two', hasScope('a', 'b'), { scopes: ['a'] }, 'no'],
    ['scope: another case', hasScope('a'), { scopes: ['A'] }, 'no'],
    ['scope: a longer one', hasScope('orders'), { scopes: ['orders:write'] }, 'no'],
    ['scope: two in one text', hasScope('a'), { scopes: ['a b'] }, 'no'],
    ['scope: none', hasScope('a'), { scopes: [] }, 'no'],
    ['scope: a text, where includes would find a part', hasScope('a'), { scopes: 'abc' }, 'undecided'],
    ['scope: no scopes at all', hasScope('a'), { scopes: undefined }, 'undecided'],
    ['any scope: the second', hasAnyScope('a', 'b'), { scopes: ['b'] }, 'yes'],
    ['any scope: neither', hasAnyScope('a', 'b'), { scopes: ['c'] }, 'no'],
    ['role: held', hasRole('admin'), { roles: ['admin'] }, 'yes'],
    ['role: one of two', hasRole('admin', 'owner'), { roles: ['admin'] }, 'no'],
    ['role: a scope of that name', hasRole('admin'), { scopes: ['admin'] }, 'no'],
    ['any role: the second', hasAnyRole('admin', 'owner'), { roles: ['owner'] }, 'yes'],
    ['tenant: the same', sameTenant('t'), { params: { t: 'acme' }, claims: tenant }, 'yes'],
    ['tenant: another', sameTenant('t'), { params: { t: 'evil' }, claims: tenant }, 'no'],
    ['tenant: another case', sameTenant('t'), { params: { t: 'Acme' }, claims: tenant }, 'no'],
    ['tenant: with a space behind', sameTenant('t'), { params: { t: 'acme ' }, claims: tenant }, 'no'],
    [
      'tenant: in another composition of Unicode',
      sameTenant('t'),
      { params: { t: 'e\u0301' }, claims: { tenant: '\u00e9' } },
      'no',
    ],
    ['tenant: no claim', sameTenant('t'), { params: { t: 'undefined' } }, 'undecided'],
    ['tenant: a list', sameTenant('t'), { params: { t: 'acme' }, claims: { tenant: ['acme'] } }, 'undecided'],
    ['tenant: a number', sameTenant('t'), { params: { t: '1' }, claims: { tenant: 1 } }, 'undecided'],
    ['tenant: null', sameTenant('t'), { params: { t: 'null' }, claims: { tenant: null } }, 'undecided'],
    [
      'tenant: empty on both sides',
      sameTenant('t'),
      { params: { t: '' }, claims: { tenant: '' } },
      'undecided',
    ],
    ['tenant: no parameter and no claim', sameTenant('t'), {}, 'undecided'],
    ['tenant: no claims at all', sameTenant('t'), { params: { t: 'a' }, claims: undefined }, 'undecided'],
    [
      'tenant: a claim of its own',
      sameTenant('t', 'org'),
      { params: { t: 'x' }, claims: { org: 'x' } },
      'yes',
    ],
    [
      'tenant: an inherited member is no claim',
      sameTenant('t', 'name'),
      { params: { t: 'acme' }, claims: Object.create({ name: 'acme' }) },
      'undecided',
    ],
    [
      'tenant: an inherited member is no parameter',
      sameTenant('t'),
      { params: Object.create({ t: 'acme' }), claims: tenant },
      'undecided',
    ],
    ['owner: the subject', ownedBy('u'), { params: { u: 'me' }, sub: 'me' }, 'yes'],
    ['owner: another subject', ownedBy('u'), { params: { u: 'you' }, sub: 'me' }, 'no'],
    ['owner: no subject', ownedBy('u'), { params: { u: 'undefined' } }, 'undecided'],
    [
      'owner: a claim `sub` is not the subject',
      ownedBy('u'),
      { params: { u: 'a' }, claims: { sub: 'a' } },
      'undecided',
    ],
    ['owner: by a claim', ownedBy('u', 'uid'), { params: { u: 'me' }, claims: { uid: 'me' } }, 'yes'],
    ['claim: the value', claim('plan', 'pro'), { claims: { plan: 'pro' } }, 'yes'],
    ['claim: one of the values', claim('plan', ['pro', 'team']), { claims: { plan: 'team' } }, 'yes'],
    ['claim: another value', claim('plan', 'pro'), { claims: { plan: 'free' } }, 'no'],
    ['claim: true', claim('verified', true), { claims: { verified: true } }, 'yes'],
    ['claim: the text true', claim('verified', true), { claims: { verified: 'true' } }, 'undecided'],
    ['claim: a number as text', claim('level', 1), { claims: { level: '1' } }, 'undecided'],
    [
      'claim: a number as text, where texts stand beside it',
      claim('l', [1, 'a']),
      { claims: { l: '1' } },
      'no',
    ],
    ['claim: a list with the value', claim('plan', 'pro'), { claims: { plan: ['pro'] } }, 'undecided'],
    ['claim: missing', claim('plan', 'pro'), {}, 'undecided'],
    ['claim: a name that objects have', claim('constructor', 'x'), {}, 'undecided'],
    ['claim: passes', claim('n', (n) => n === 2), { claims: { n: 2 } }, 'yes'],
    ['claim: does not pass', claim('n', (n) => n === 2), { claims: { n: 3 } }, 'no'],
    ['claim: missing, for a predicate that takes anything', claim('n', () => true), {}, 'undecided'],
    [
      'claim: a predicate that throws at an odd type',
      claim('n', (n) => (n as string).startsWith('a')),
      { claims: { n: 7 } },
      'undecided',
    ],
    ['claim: a promise of yes', claim('n', (async () => true) as never), { claims: { n: 7 } }, 'undecided'],
    ['claim: a truthy answer', claim('n', (() => 1) as never), { claims: { n: 7 } }, 'undecided'],
    ['login: just now', authenticatedWithin('10 m'), at(0), 'yes'],
    ['login: as old as allowed', authenticatedWithin('10 m'), at(-600), 'yes'],
    ['login: a second too old', authenticatedWithin('10 m'), at(-601), 'no'],
    ['login: an issuer that goes before', authenticatedWithin('10 m'), at(60), 'yes'],
    ['login: in the future', authenticatedWithin('10 m'), at(61), 'undecided'],
    ['login: in milliseconds', authenticatedWithin('10 m'), { claims: { auth_time: NOW } }, 'undecided'],
    ['login: no end of it', authenticatedWithin('10 m'), { claims: { auth_time: Infinity } }, 'undecided'],
    ['login: a text', authenticatedWithin('10 m'), { claims: { auth_time: `${NOW / 1000}` } }, 'undecided'],
    ['login: unknown', authenticatedWithin('10 m'), {}, 'undecided'],
    ['acr: the second', acr('phrh', 'phr'), { claims: { acr: 'phr' } }, 'yes'],
    ['acr: weaker', acr('phrh', 'phr'), { claims: { acr: '0' } }, 'no'],
    ['acr: two in one text', acr('phr'), { claims: { acr: 'phr phrh' } }, 'no'],
    ['acr: a list', acr('phr'), { claims: { acr: ['phr'] } }, 'undecided'],
    ['network: inside', network('203.0.113.0/24'), { address: '203.0.113.9' }, 'yes'],
    ['network: an IPv4-mapped address', network('203.0.113.0/24'), { address: '::ffff:203.0.113.9' }, 'yes'],
    ['network: outside', network('203.0.113.0/24', '2001:db8::/32'), { address: '203.0.114.1' }, 'no'],
    ['network: unknown', network('0.0.0.0/0', '::/0'), {}, 'undecided'],
    ['country: listed', country('CH', 'T1'), { country: 'T1' }, 'yes'],
    ['country: not listed', country('CH'), { country: 'DE' }, 'no'],
    ['country: unknown', country('CH'), {}, 'undecided'],
    ['country: unknown to Cloudflare', country('CH'), { country: 'XX' }, 'undecided'],
  ])('%s', (_, rule, caller, verdict) => {
    expect(verdictOf(rule, caller)).toBe(verdict)
    // What is undecided stays a refusal when it is turned round.
    const turned = { yes: 'no', no: 'yes', undecided: 'undecided' }[verdict]
    expect(verdictOf(not(rule), caller)).toBe(turned)
  })

  it('never throws and never opens for claims of any shape', () => {
    const rules = [
      sameTenant('t'),
      ownedBy('t'),
      claim('plan', 'pro'),
      claim('plan', (plan) => (plan as { trim: () => string }).trim() === 'pro'),
      authenticatedWithin('10 m'),
      acr('phr'),
      hasScope('a'),
      hasRole('a'),
    ]
    const odd = fc.anything().filter((value) => typeof value !== 'string' && !Array.isArray(value))
    fc.assert(
      fc.property(odd, (value) => {
        const claims = { tenant: value, sub: value, plan: value, acr: value, auth_time: [value] }
        const caller = {
          claims,
          scopes: value,
          roles: value,
          sub: value,
          params: { t: String(typeof value) },
        }
        for (const rule of rules) expect(verdictOf(rule, caller)).toBe('undecided')
      }),
      { numRuns: 500 },
    )
  })
})

describe('a denial', () => {
  it.each<[string, Rule, Parameters<typeof facts>[0], object]>([
    [
      'of all scopes asks for every one, held or not',
      hasScope('a', 'b'),
      { scopes: ['a'] },
      { code: 'scope_missing', reason: 'needs all of the scopes a, b', challenge: { scope: 'a b' } },
    ],
    [
      'of any scope asks for the first',
      hasAnyScope('a', 'b'),
      {},
      { code: 'scope_missing', reason: 'needs any of the scopes a, b', challenge: { scope: 'a' } },
    ],
    [
      'of a role asks for nothing',
      hasRole('admin'),
      {},
      { code: 'not_authorized', reason: 'needs role admin' },
    ],
    [
      'of a tenant names parameter and claim, and no value',
      sameTenant('t'),
      { params: { t: 'canary-1' }, claims: { tenant: 'canary-2' } },
      { code: 'not_authorized', reason: 'needs :t = claim tenant' },
    ],
    [
      'of a claim that is missing says that nothing was decided',
      claim('plan', 'pro'),
      {},
      { code: 'not_authorized', reason: 'cannot be decided, so refused: claim plan = pro' },
    ],
    [
      'of an old login tells the limit, and in the record the age',
      authenticatedWithin('10 m'),
      at(-700),
      {
        code: 'authentication_insufficient',
        reason: 'needs authentication within 600 s',
        challenge: { maxAgeSeconds: 600 },
        measure: { limit: 600, actual: 700, unit: 'seconds' },
      },
    ],
    [
      'of an unknown login asks for one too',
      authenticatedWithin('10 m'),
      {},
      {
        code: 'authentication_insufficient',
        reason: 'cannot be decided, so refused: authentication within 600 s',
        challenge: { maxAgeSeconds: 600 },
      },
    ],
    [
      'of a weak login names the ways in their order',
      acr('phrh', 'phr'),
      { claims: { acr: '0' } },
      {
        code: 'authentication_insufficient',
        reason: 'needs acr in phrh, phr',
        challenge: { acrValues: 'phrh phr' },
      },
    ],
  ])('%s', (_, rule, caller, denial) => {
    expect(denialOf(rule, caller)).toEqual(denial)
  })
})

describe('a builder refuses at load', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['no scope', () => hasScope(), /^hasScope: is empty; name at least one scope/],
    ['two scopes in one text', () => hasScope('a b'), /^hasScope: 'a b' is not a scope; give each as a text/],
    [
      'a scope that would end the quoted string',
      () => hasAnyScope('a"b'),
      /^hasAnyScope: 'a"b' is not a scope/,
    ],
    ['a scope of nothing', () => hasScope(''), /^hasScope: '' is not a scope/],
    ['a list in place of texts', () => hasScope(['a'] as never), /^hasScope: 'a' is not a scope/],
    ['no role', () => hasRole(), /^hasRole: is empty; name at least one role/],
    ['a role with a line break', () => hasAnyRole('a\nb'), /^hasAnyRole: /],
    ['no parameter', () => sameTenant('' as never), /^sameTenant: a name is missing/],
    ['an empty claim', () => ownedBy('u', ''), /^ownedBy: a name is missing/],
    ['a claim of no values', () => claim('plan', []), /^claim: 'plan' is compared with no text/],
    ['a claim that equals nothing', () => claim('n', NaN), /^claim: 'n' is compared with no text/],
    ['a claim of an object', () => claim('n', {} as never), /^claim: 'n' is compared with no text/],
    [
      'a login within no time',
      () => authenticatedWithin('0 s'),
      /^authenticatedWithin: '0 s' is not a duration/,
    ],
    ['half a second', () => authenticatedWithin('500 ms'), /is not a duration in whole seconds/],
    ['a number of seconds', () => authenticatedWithin(600 as never), /'600' is not a duration/],
    ['no acr', () => acr(), /^acr: is empty/],
    ['an acr with a space', () => acr('a b'), /^acr: 'a b' is not a value/],
    ['no network', () => network(), /^network: is empty/],
    ['a network with host bits', () => network('10.0.0.1/8'), /Write 10.0.0.0\/8 for the range/],
    ['no country', () => country(), /^country: is empty/],
    ['a country in lower case', () => country('ch'), /^country: 'ch' is not a country/],
    ['the country that stands for none', () => country('XX'), /^country: 'XX' is not a country/],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(TypeError)
    expect(build).toThrow(message)
  })
})

describe('a description', () => {
  it.each<[Rule, string]>([
    [hasScope('orders:write'), 'scope orders:write'],
    [hasScope('a', 'b'), 'all of the scopes a, b'],
    [hasAnyScope('a', 'b'), 'any of the scopes a, b'],
    [hasRole('admin'), 'role admin'],
    [hasAnyRole('admin', 'owner'), 'any of the roles admin, owner'],
    [sameTenant('tenant', 'org_id'), ':tenant = claim org_id'],
    [ownedBy('user'), ':user = subject'],
    [claim('plan', 'pro'), 'claim plan = pro'],
    [claim('level', [1, 2]), 'claim level in 1, 2'],
    [claim('plan', () => true), 'claim plan that passes a predicate'],
    [network('10.0.0.0/8'), 'address in 10.0.0.0/8'],
    [country('CH', 'DE'), 'country in CH, DE'],
    [authenticatedWithin('10 m'), 'authentication within 600 s'],
    [acr('phr'), 'acr in phr'],
  ])('prints %#', (rule, text) => {
    expect(describeRule(rule)).toBe(text)
    // Data through and through, for tools.
    expect(JSON.parse(JSON.stringify(rule.description))).toEqual(rule.description)
  })
})
