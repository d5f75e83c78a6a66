import { type Authenticator, anonymous, createGateway, defineRoute, type Principal } from 'sallyport'
import { standard } from 'sallyport/webhooks'
import { describe, expect, it } from 'vitest'

const good = {
  method: 'POST',
  path: '/x',
  owner: 'platform',
  sensitivity: 'public',
  authenticate: anonymous(),
  forward: { to: 'ORIGIN_URL' },
} as const

/** Callers of another kind than anonymous: what the checks at load look at. */
const callers = (kind: Principal['kind']) => ({
  authenticate: { ...anonymous(), kind } as unknown as Authenticator,
  authorize: () => true,
})
const webhook = { authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }) }
const limit = { by: 'route', max: 10, window: '1 m' }
const bucket = { ...limit, algorithm: 'tokenBucket' }
const tier = () => 'pro'

/** A route with one limit out of options that the compiler would refuse. */
const define = (options: object, route: object = {}) =>
  defineRoute({ ...good, ...route, limits: [{ ...limit, ...options }] } as never)

describe('a limit that could not mean what it says is refused at load, naming route, option and the fix', () => {
  it.each<[string, object, RegExp, object?]>([
    ['nobody to count by', { by: undefined }, /by: is missing; use one of route, client, .*, or a function/],
    ['a misspelt owner', { by: 'apikey' }, /by: 'apikey' is not known; use one of .*provider, apiKey$/],
    ['an inherited owner', { by: 'constructor' }, /by: 'constructor' is not known/],
    [
      'a tenant that nothing names',
      { by: 'tenant' },
      /by: is 'tenant', and nothing says whose a request is; add tenant: \(facts\) => … to the route/,
    ],
    [
      'the provider of a caller that is none',
      { by: 'provider' },
      /by: is 'provider', which only webhooks have; use 'route'/,
      callers('token'),
    ],
    [
      'the API key of a webhook',
      { by: 'apiKey' },
      /by: is 'apiKey', which not all of this route's callers have; use/,
      webhook,
    ],
    ['the API key of a token', { by: 'apiKey' }, /by: is 'apiKey'/, callers('token')],
    [
      'the API key where some callers have a token',
      { by: 'apiKey' },
      /by: is 'apiKey'/,
      {
        ...callers('apiKey'),
        authenticate: { ...callers('apiKey').authenticate, kinds: ['apiKey', 'token'] },
      },
    ],
    [
      'addresses that a provider shares',
      { by: 'client' },
      /by: is 'client', and a provider's customers share .* use 'route', 'provider' or 'tenant', or add allowSharedAddresses: true/,
      webhook,
    ],
    [
      'the same, said to be wrong',
      { by: 'client', allowSharedAddresses: false },
      /by: is 'client', and a provider's customers share/,
      webhook,
    ],
    [
      'the same, said with another word than true',
      { by: 'client', allowSharedAddresses: 'yes' },
      /by: is 'client', and a provider's customers share/,
      webhook,
    ],
    [
      'shared addresses where there are none',
      { by: 'client', allowSharedAddresses: true },
      /allowSharedAddresses: belongs to by: 'client' on the route of a webhook/,
    ],
    [
      'shared addresses that are not counted on',
      { allowSharedAddresses: true },
      /allowSharedAddresses: belongs to/,
      webhook,
    ],
    ['a pool that no header takes', { pool: 'A b' }, /pool: 'A b' is not a name/],
    ['a pool of 33 letters', { pool: 'a'.repeat(33) }, /pool: .* is not a name/],
    ['two names for one count', { pool: 'api', name: 'mine' }, /name: is 'mine', and the limit has its pool/],
    ['tiers that nobody is in', { tiers: { pro: 20 } }, /tier: is missing; return a caller's tier/],
    ['a tier that gives nothing', { tier }, /tiers: is missing; say what each tier may/],
    ['no tier at all', { tier, tiers: {} }, /tiers: is empty/],
    ['a tier that is no function', { tier: 'pro', tiers: { pro: 20 } }, /tier: is 'pro'; use a function/],
    ['a tier of nothing', { tier, tiers: { pro: 0 } }, /tiers.pro.max: is 0; use a whole number/],
    ['a tier of null', { tier, tiers: { pro: null } }, /tiers.pro.max: is null/],
    ['a fractional tier', { tier, tiers: { pro: { max: 1.5 } } }, /tiers.pro.max: is 1.5/],
    ['a tier without end', { tier, tiers: { pro: Number.POSITIVE_INFINITY } }, /tiers.pro.max: is Infinity/],
    ['a misspelt tier', { tier, tiers: { pro: { maximum: 5 } } }, /tiers.pro.maximum: is not an option/],
    [
      'a refilled tier without a bucket',
      { tier, tiers: { pro: { max: 5, refill: 1 } } },
      /tiers.pro.refill: belongs to algorithm: 'tokenBucket'/,
    ],
    [
      'a tier that refills nothing',
      { ...bucket, tier, tiers: { pro: { max: 5, refill: 0 } } },
      /tiers.pro.refill: is 0/,
    ],
    [
      'a max that no header can tell',
      { max: 1e15 },
      /max: is 1000000000000000; use .* at most 999999999999999/,
    ],
    [
      'a cost of nothing for everybody',
      { cost: 0 },
      /cost: is 0, and the limit would never count; remove it: only a function may return 0$/,
    ],
    ['a cost in words', { cost: '5' }, /cost: is '5'; use a whole number above 0/],
    ['a cost of null', { cost: null }, /cost: is null; use a whole number/],
    ['a max in words', { max: '600' }, /max: is '600'; use a whole number above 0/],
    ['no max', { max: undefined }, /max: is missing; use a whole number above 0/],
    ['a refill in words', { ...bucket, refill: '5' }, /refill: is '5'; use a whole number/],
    ['tiers of null', { tier, tiers: null }, /tiers: is null; say what each tier may: \{ pro: 600 \}/],
    ['tiers of null and no tier', { tiers: null }, /tiers: is null; say what each tier may/],
    ['tiers in a list', { tier, tiers: ['pro'] }, /tiers: is a list; say what each tier may/],
    ['tiers in words', { tier, tiers: 'pro' }, /tiers: is 'pro'; say what each tier may/],
    ['tiers without the tier', { tier: null, tiers: { pro: 6 } }, /tier: is null; use a function/],
    ['a tier in a list', { tier, tiers: { pro: [6] } }, /tiers.pro.max: is a list; use a whole number/],
    ['a tier in words', { tier, tiers: { pro: '6' } }, /tiers.pro.max: is '6'; use a whole number/],
    ['a tier without max', { tier, tiers: { pro: {} } }, /tiers.pro.max: is missing; use a whole number/],
    ['a pool of null', { pool: null }, /pool: null is not a name; use lower-case letters/],
    ['a name of null', { name: null }, /name: null is not a name; use lower-case letters/],
    ['an owner of null', { by: null }, /by: null is not known; use one of route/],
    [
      'a cost that one tier never has',
      { cost: 7, tier, tiers: { free: 5 } },
      /cost: is 7, more than max \(5\)/,
    ],
    [
      'a sliding day',
      { window: 'day', algorithm: 'slidingWindow' },
      /algorithm: is 'slidingWindow', and a window of the calendar is fixed; remove it, or write window: '1 d'$/,
    ],
    [
      'a sliding month',
      { window: 'month', algorithm: 'slidingWindow' },
      /algorithm: is 'slidingWindow', .*; remove it, or write window: '31 d'$/,
    ],
    [
      'a bucket of a month',
      { window: 'month', algorithm: 'tokenBucket' },
      /algorithm: is 'tokenBucket', .*; remove it, or write window: '31 d'$/,
    ],
    ['a refilled month', { window: 'month', refill: 1 }, /refill: belongs to algorithm: 'tokenBucket'/],
    ['a window of 32 days', { window: '32 d' }, /window: is 32 d; use at most '31 d'/],
    ['a window of 745 hours', { window: '745 h' }, /window: is 745 h; use at most '31 d'/],
    [
      'a week',
      { window: 'week' },
      /window: 'week' is not a duration; .* or 'day' or 'month' of the calendar/,
    ],
    ['no window', { window: undefined }, /window: is missing; write a whole number, .* or 'day' or 'month'/],
    ['a window in seconds', { window: 60 }, /window: 60 is not a duration; write a whole number/],
    ['a window in a list', { window: ['1 m'] }, /window: a list is not a duration; write/],
  ])('%s', (_, options, message, route) => {
    expect(() => define(options, route)).toThrow(TypeError)
    expect(() => define(options, route)).toThrow(/^POST \/x: limits\[0\]\./)
    expect(() => define(options, route)).toThrow(message)
  })

  it('but what has its meaning is taken', () => {
    expect(() => define({ by: 'tenant' }, { tenant: () => 'a' })).not.toThrow()
    expect(() => define({ by: 'provider' }, webhook)).not.toThrow()
    expect(() => define({ by: 'principal' }, webhook)).not.toThrow()
    expect(() => define({ by: 'apiKey' }, callers('apiKey'))).not.toThrow()
    expect(() => define({ by: 'client', allowSharedAddresses: true }, webhook)).not.toThrow()
    expect(() => define({ by: 'client', allowSharedAddresses: false })).not.toThrow()
    expect(() => define({ window: '31 d' })).not.toThrow()
    expect(() => define({ max: 999_999_999_999_999 })).not.toThrow()
  })

  it('two limits of one route in one pool, which would count each request twice', () => {
    const limits = [
      { ...limit, pool: 'api' },
      { ...limit, pool: 'api' },
    ]
    expect(() => defineRoute({ ...good, limits } as never)).toThrow(
      /limits\[1\].pool: 'api' is taken by another/,
    )
  })
})

describe('limits that are no list of limits are refused at load, naming route, option and the fix', () => {
  const written = "{ by: 'route', max: 600, window: '1 m' }"

  it.each<[string, unknown, string]>([
    ['one limit, not in a list', limit, `POST /x: limits: is an object; write a list: [${written}]`],
    ['null', null, `POST /x: limits: is null; write a list: [${written}]`],
    ['a text', '10/s', `POST /x: limits: is '10/s'; write a list: [${written}]`],
    ['a list of null', [null], `POST /x: limits[0]: is null; write an object: ${written}`],
    ['a list of texts', [limit, '10/s'], `POST /x: limits[1]: is '10/s'; write an object: ${written}`],
    ['a list of lists', [[limit]], `POST /x: limits[0]: is a list; write an object: ${written}`],
    ['a list with a hole', new Array(1), `POST /x: limits[0]: is undefined; write an object: ${written}`],
  ])('%s', (_, limits, message) => {
    expect(() => defineRoute({ ...good, limits } as never)).toThrow(new TypeError(message))
  })
})

describe('a limit is compiled to', () => {
  const compiled = (options: object, route: object = {}) => define(options, route).limits[0]

  it('sliding windows of its own name, where nothing else is said', () => {
    expect(compiled({})).toEqual({
      name: 'route',
      pool: undefined,
      by: 'route',
      algorithm: 'slidingWindow',
      max: 10,
      windowMs: 60_000,
      calendar: undefined,
      refill: 10,
      tier: undefined,
      tiers: new Map(),
      cost: 1,
      mode: 'enforce',
    })
  })

  it('a name that headers take, also for keys, functions and pools', () => {
    expect(compiled({ by: 'apiKey' }, callers('apiKey'))?.name).toBe('api-key')
    expect(compiled({ by: () => '' })?.name).toBe('custom')
    expect(compiled({ by: () => '', pool: 'api' })?.name).toBe('api')
  })

  it('fixed windows of the calendar for a day and a month', () => {
    const day = { algorithm: 'fixedWindow', windowMs: 86_400_000, calendar: undefined }
    expect(compiled({ window: 'day' })).toMatchObject(day)
    expect(compiled({ window: 'day', algorithm: 'fixedWindow' })).toMatchObject(day)
    expect(compiled({ window: 'month' })).toMatchObject({
      algorithm: 'fixedWindow',
      windowMs: 31 * 86_400_000,
      calendar: 'month',
    })
  })

  it("tiers whose refill is their own, else the limit's, else their max", () => {
    const tiers = { pro: 600, enterprise: { max: 6000, refill: 100 } }
    expect(compiled({ ...bucket, refill: 3, tier, tiers })?.tiers).toEqual(
      new Map([
        ['pro', { max: 600, refill: 3 }],
        ['enterprise', { max: 6000, refill: 100 }],
      ]),
    )
    expect(compiled({ ...bucket, tier, tiers })?.tiers.get('pro')).toEqual({ max: 600, refill: 600 })
  })
})

describe('limits of one pool', () => {
  const pool = { ...limit, pool: 'api' }
  const start = (one: object, other: object) =>
    createGateway(
      {
        one: defineRoute({ ...good, path: '/one', tenant: () => 'a', limits: [one] } as never),
        other: defineRoute({ ...good, path: '/other', tenant: () => 'b', limits: [other] } as never),
      },
      { state: {} },
    )

  it.each<[string, object, object, RegExp]>([
    ['by', {}, { by: 'client' }, /by is 'client', and 'route' in routes\/one.ts/],
    ['by a function', { by: () => '' }, { by: 'tenant' }, /by is 'tenant', and a function in/],
    ['max', {}, { max: 11 }, /max is 11, and 10 in/],
    [
      'the max of a tier',
      { tier, tiers: { pro: 20 } },
      { tier, tiers: { pro: 21 } },
      /tiers is .*21.*, and .*20/,
    ],
    ['tiers', {}, { tier, tiers: { pro: 20 } }, /tiers is .*pro.*, and \[\] in/],
    ['window', {}, { window: '2 m' }, /window is 120000 ms, and 60000 ms in/],
    [
      'the calendar',
      { window: '31 d', algorithm: 'fixedWindow' },
      { window: 'month' },
      /window is 'month', and 2678400000 ms in/,
    ],
    ['algorithm', {}, { algorithm: 'fixedWindow' }, /algorithm is 'fixedWindow', and 'slidingWindow' in/],
    [
      'refill',
      { algorithm: 'tokenBucket' },
      { algorithm: 'tokenBucket', refill: 2 },
      /refill is 2, and 10 in routes\/one.ts; make them the same, or use another pool/,
    ],
  ])('that differ in %s stop the start, naming both routes', (_, one, other, message) => {
    expect(() => start({ ...pool, ...one }, { ...pool, ...other })).toThrow(TypeError)
    expect(() => start({ ...pool, ...one }, { ...pool, ...other })).toThrow(message)
    expect(() => start({ ...pool, ...one }, { ...pool, ...other })).toThrow(
      /^routes\/other.ts: limits: pool 'api': /,
    )
  })

  it('may differ in what a request takes, in mode, and in how tenants and tiers are found', () => {
    const tiers = { pro: 20, free: { max: 5 } }
    const turned = { free: { max: 5 }, pro: { max: 20 } }
    expect(() =>
      start(
        { ...pool, cost: 2, tier, tiers },
        { ...pool, mode: 'report', tier: () => undefined, tiers: turned },
      ),
    ).not.toThrow()
    expect(() => start({ ...pool, by: () => 'a' }, { ...pool, by: () => 'b' })).not.toThrow()
  })

  it('of other pools, and limits of no pool, are nothing to each other', () => {
    expect(() => start(pool, { ...pool, pool: 'other', max: 1 })).not.toThrow()
    expect(() => start({ ...limit, name: 'api' }, { ...pool, max: 1 })).not.toThrow()
  })
})
