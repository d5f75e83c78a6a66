import {
  type Authenticator,
  all,
  anonymous,
  createGateway,
  defineRoute,
  type GatewayOptions,
  hasScope,
  type Principal,
  sameTenant,
} from 'sallyport'
import { github } from 'sallyport/webhooks'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'

const good = {
  method: 'POST',
  path: '/x',
  owner: 'platform',
  sensitivity: 'public',
  authenticate: anonymous(),
  forward: { to: 'ORIGIN_URL' },
} as const

/** A route out of options that the compiler would refuse: JavaScript and casts reach the same checks. */
const define = (options: object) => defineRoute({ ...good, ...options } as never)

describe('defineRoute refuses at load, naming route, option and the fix', () => {
  it.each<[string, object, RegExp]>([
    ['a method in lower case', { method: 'post' }, /^post \/x: method: 'post' is not supported; use GET/],
    ['no method', { method: [] }, /method: is empty/],
    ['a path without its slash', { path: 'x' }, /POST x: path: 'x' must begin with '\/'/],
    ['a path with a dot segment', { path: '/a/../b' }, /path: .* has the segment '\.\.'/],
    ['a path with an empty segment', { path: '/a//b' }, /path: .* has the segment ''/],
    ['a path with a regular expression', { path: '/:id{[0-9]+}' }, /path: .* has the segment/],
    ['a star in the middle', { path: '/*/x' }, /path: .* has the segment '\*'/],
    ['a parameter twice', { path: '/:id/:id' }, /names ':id' twice/],
    ['an empty owner', { owner: ' ' }, /owner: is empty/],
    [
      'an unknown sensitivity',
      { sensitivity: 'secret' },
      /sensitivity: 'secret' is not known; use one of public, internal, pii, payment/,
    ],
    ['an unknown mode', { mode: 'monitor' }, /mode: 'monitor' is not known; use one of enforce, report/],
    ['no sensitivity', { sensitivity: undefined }, /sensitivity: is missing/],
    ['no owner', { owner: undefined }, /owner: is empty/],
    [
      'a misspelt guard',
      { athorize: () => false },
      /POST \/x: athorize: is not an option; the options here are method, path/,
    ],
    ['a misspelt list', { limit: [] }, /limit: is not an option/],
    [
      'a misspelt client list',
      { clients: { denied: [] } },
      /clients.denied: is not an option; the options here are allow, deny/,
    ],
    [
      'an unknown limit option',
      { limits: [{ by: 'route', max: 1, window: '1 m', per: 1 }] },
      /limits\[0\].per: is not an option/,
    ],
    [
      'an unknown limit mode',
      { limits: [{ by: 'route', max: 1, window: '1 m', mode: 'enforced' }] },
      /limits\[0\].mode: 'enforced' is not known/,
    ],
    [
      'an unknown algorithm',
      { limits: [{ by: 'route', max: 1, window: '1 m', algorithm: 'sliding' }] },
      /limits\[0\].algorithm: 'sliding' is not known; use one of slidingWindow/,
    ],
    [
      'a limit by something else',
      { limits: [{ by: 'ip', max: 1, window: '1 m' }] },
      /limits\[0\].by: 'ip' is not known; use one of route, client, principal/,
    ],
    [
      'a limit by the principal of anybody',
      { limits: [{ by: 'principal', max: 1, window: '1 m' }] },
      /limits\[0\].by: is 'principal', which counts all anonymous callers as one/,
    ],
    [
      'an unknown body option',
      { body: { schema: v.unknown(), maxByte: 1 } },
      /body.maxByte: is not an option/,
    ],
    [
      'an unknown schema mode',
      { body: { schema: v.unknown(), mode: 'enforced' } },
      /body.mode: 'enforced' is not known/,
    ],
    [
      'an unknown answer to copies',
      { replay: { onDuplicate: 'reject' } },
      /replay.onDuplicate: 'reject' is not known; use one of acknowledge, refuse, forward/,
    ],
    [
      'an unknown forward option',
      { forward: { to: 'ORIGIN_URL', header: {} } },
      /forward.header: is not an option/,
    ],
    [
      'a header to strip that is none',
      { forward: { to: 'ORIGIN_URL', strip: ['X-Plan'] } },
      /forward.strip: 'X-Plan' is not a header name in lower case/,
    ],
    ['body options without a schema', { body: { maxBytes: 100 } }, /body.schema: is missing/],
    [
      'a check of the body that would answer later',
      {
        body: v.looseObject({
          a: v.pipeAsync(
            v.string(),
            v.checkAsync(async () => false),
          ),
        } as never),
      },
      /body.schema: has an asynchronous part/,
    ],
    [
      'a query that would answer later',
      { query: v.objectAsync({ page: v.string() }) },
      /query: has an asynchronous part/,
    ],
    [
      'asserted headers that report mode would leave to the client',
      { mode: 'report', forward: { to: 'ORIGIN_URL', headers: () => ({ 'x-a': '1' }) } },
      /forward.strip: is missing; in report mode/,
    ],
    [
      'the same with a schema in report mode',
      {
        body: { schema: v.unknown(), mode: 'report' },
        forward: { to: 'ORIGIN_URL', headers: () => ({ 'x-a': '1' }) },
      },
      /forward.strip: is missing/,
    ],
    ['no forward', { forward: undefined }, /forward: is missing/],
    ['no authenticate', { authenticate: undefined }, /authenticate: is missing/],
    ['a forward of null', { forward: null }, /POST \/x: forward: is missing; say where to/],
    [
      'an authenticate of null',
      { authenticate: null },
      /POST \/x: authenticate: is missing; name a provider/,
    ],
    ['a guard that is null', { authorize: null }, /POST \/x: authorize: is null; use a function/],
    ['a guard that is a word', { authorize: 'admin' }, /POST \/x: authorize: is 'admin'; use a function/],
    [
      'a guard that is a list',
      { authorize: [hasScope('a')] },
      /authorize: is a value of another type; use a/,
    ],
    [
      'a rule of a parameter that the path does not have',
      { path: '/:tenant', authorize: all(sameTenant('tenat' as never)) },
      /POST \/:tenant: authorize: reads ':tenat', which is no parameter of the path/,
    ],
    [
      'a rule of scopes where nobody has any',
      { authorize: all(hasScope('a')) },
      /POST \/x: authorize: reads the scopes of a credential, and callers of kind 'anonymous' have none/,
    ],
    ['a duration in milliseconds', { deadline: 500 }, /POST \/x: deadline: 500 is not a duration; write/],
    [
      'a mode in a list',
      { mode: ['report'] },
      /POST \/x: mode: a list is not known; use one of enforce, report/,
    ],
    ['an endless deadline', { deadline: '365 d' }, /deadline: is 365 d; use at most '15 s'/],
    ['a duration without its space', { deadline: '1s' }, /POST \/x: deadline: '1s' is not a duration; write/],
    ['a duration of nothing', { budget: '0 ms' }, /budget: '0 ms' is not a duration/],
    [
      'an endless origin timeout',
      { forward: { to: 'ORIGIN_URL', timeout: '1 h' } },
      /forward.timeout: is 1 h; use at most '120 s'/,
    ],
    [
      'a body cap over the isolate',
      { body: { schema: v.unknown(), maxBytes: 1e9 } },
      /body.maxBytes: is 1000000000; use 1 to/,
    ],
    ['a body cap of nothing', { body: { schema: v.unknown(), maxBytes: 0 } }, /body.maxBytes: is 0/],
    [
      'a bad address',
      { clients: { allow: ['10.0.0.300'] } },
      /POST \/x: clients: Address list entry "10.0.0.300"/,
    ],
    ['a range with host bits', { clients: { deny: ['10.0.0.1/8'] } }, /Write 10.0.0.0\/8 for the range/],
    [
      'a limit of nothing',
      { limits: [{ by: 'route', max: 0, window: '1 m' }] },
      /limits\[0\].max: is 0; use a whole number/,
    ],
    ['a fractional limit', { limits: [{ by: 'route', max: 1.5, window: '1 m' }] }, /limits\[0\].max: is 1.5/],
    [
      'a bad window',
      { limits: [{ by: 'route', max: 1, window: '1 month' }] },
      /limits\[0\].window: '1 month' is not a duration/,
    ],
    [
      'two limits of one name',
      {
        limits: [
          { by: 'route', max: 1, window: '1 m' },
          { by: 'route', max: 9, window: '1 h' },
        ],
      },
      /limits\[1\].name: 'route' is taken/,
    ],
    [
      'a limit name that no header takes',
      { limits: [{ name: 'a"b', by: 'route', max: 1, window: '1 m' }] },
      /limits\[0\].name: .* is not a name/,
    ],
    [
      'a cost that never fits',
      { limits: [{ by: 'route', max: 1, window: '1 m', cost: 2 }] },
      /limits\[0\].cost: is 2, more than max/,
    ],
    [
      'a refill without a bucket',
      { limits: [{ by: 'route', max: 1, window: '1 m', refill: 2 }] },
      /limits\[0\].refill: belongs to/,
    ],
    [
      'the tenant among what is said of replays',
      { replay: { tenant: () => 'a' } },
      /replay.tenant: is not an option; the options here are ttl, onDuplicate/,
    ],
    ['a tenant that is no function', { tenant: 'acme' }, /POST \/x: tenant: is 'acme'; use a function/],
    ['a bad replay time', { replay: { ttl: 'forever' } }, /replay.ttl: 'forever' is not a duration/],
  ])('%s', (_, options, message) => {
    expect(() => define(options)).toThrow(TypeError)
    expect(() => define(options)).toThrow(message)
  })

  it('but takes undefined for the default, wherever it stands', () => {
    const route = define({
      body: { schema: v.unknown(), mode: undefined, mediaType: undefined, maxBytes: undefined },
    })
    expect(route.body).toMatchObject({
      mode: 'enforce',
      content: [{ mediaType: 'application/json', syntax: 'json' }],
      maxBytes: 1_048_576,
    })
  })

  it('a token route without authorize', () => {
    const token = { ...anonymous(), kind: 'token' } as unknown as Authenticator<Principal, 'token'>
    for (const kind of ['token', 'apiKey', 'certificate']) {
      expect(() => define({ authenticate: { ...token, kind } })).toThrow(
        /POST \/x: authorize: is missing; a credential says who calls, this says who may/,
      )
    }
  })

  it('a provider without a secret or without events', () => {
    expect(() => github({ secret: '' as never, events: ['push'] })).toThrow(/github: secret: is missing/)
    expect(() => github({ secret: 'GITHUB_WEBHOOK_SECRET', events: [] as never })).toThrow(
      /github: events: is missing/,
    )
  })
})

describe('createGateway refuses at load', () => {
  const gateway = (routes: Record<string, object>) =>
    createGateway(Object.fromEntries(Object.entries(routes).map(([id, options]) => [id, define(options)])), {
      state: {},
    })

  it.each<[string, Record<string, object>, RegExp]>([
    [
      'the same path twice',
      { a: { path: '/x' }, b: { path: '/x' } },
      /routes\/b.ts: path: POST \/x is as specific as \/x of routes\/a.ts/,
    ],
    [
      'one path under two parameter names',
      { a: { path: '/:x' }, b: { path: '/:y' } },
      /routes\/b.ts: path: POST \/:y is as specific as \/:x/,
    ],
    ['crossing parameters', { a: { path: '/a/:x' }, b: { path: '/:y/b' } }, /is as specific as/],
    ['crossing a star', { a: { path: '/:x/b' }, b: { path: '/a/*' } }, /is as specific as/],
    ['an id that is no file name', { 'A b': { path: '/x' } }, /routes\/A b.ts: the route's id must be/],
  ])('%s', (_, routes, message) => {
    expect(() => gateway(routes)).toThrow(message)
  })

  it.each<[string, object, string]>([
    ['a misspelt option', { legacyRatelimitHeaders: true }, 'legacyRatelimitHeaders: is not an option; '],
    [
      'a limit of the first tier, which stands in wrangler.toml',
      { firstTier: { binding: 'FIRST_TIER', limit: 100 } },
      'firstTier.limit: is not an option; the options here are binding',
    ],
    ['a first tier of null', { firstTier: null }, 'firstTier: binding is missing; name a rate-limit binding'],
    [
      'a protected resource without its var',
      { protectedResource: { name: 'Orders' } },
      "protectedResource.resource: is missing; name the var that holds the API's public URL",
    ],
    [
      'a protected resource with a slip',
      { protectedResource: { resource: 'API_URL', docs: 'https://docs.test' } },
      'protectedResource.docs: is not an option; the options here are resource, name, documentation',
    ],
    [
      'a protected resource without a name for people',
      { protectedResource: { resource: 'API_URL', name: ' ' } },
      'protectedResource.name: is empty; leave it out or name the API',
    ],
    [
      'documentation that is not at an https: URL',
      { protectedResource: { resource: 'API_URL', documentation: 'http://docs.test' } },
      'protectedResource.documentation: is not an https: URL',
    ],
    ['a first tier in one word', { firstTier: 'FIRST_TIER' }, 'firstTier: binding is missing; name'],
  ])('%s', (_, options, message) => {
    const start = () => createGateway({}, { state: {}, ...options } as never)
    expect(start).toThrow(TypeError)
    expect(start).toThrow(`createGateway: ${message}`)
  })

  it('but takes every option that it has', () => {
    const options: Required<GatewayOptions> = {
      state: {},
      clients: { deny: ['192.0.2.0/24'] },
      recordClient: 'hashed',
      firstTier: { binding: 'FIRST_TIER' },
      legacyRateLimitHeaders: true,
      serverTiming: true,
      protectedResource: { resource: 'ORIGIN_URL', name: 'Orders', documentation: 'https://docs.test/' },
      control: { path: '/_sallyport/control', host: 'ops.test', key: 'PROOF_KEY', operations: {} },
      unmatched: 'refuse',
    }
    expect(() => createGateway({}, options)).not.toThrow()
  })

  it('a route in the place of the metadata', () => {
    const start = (path: string) => () =>
      createGateway(
        { own: define({ path, method: 'GET' }) },
        { state: {}, protectedResource: { resource: 'ORIGIN_URL' } },
      )
    const message = /routes\/own.ts: path: .* is in the place of the metadata that protectedResource serves/
    expect(start('/.well-known/oauth-protected-resource')).toThrow(message)
    expect(start('/.well-known/oauth-protected-resource/*')).toThrow(message)
    expect(start('/.well-known/*')).not.toThrow()
    expect(start('/.well-known/oauth-protected-resources')).not.toThrow()
  })

  it('but not routes of which one is the more specific, nor other methods', () => {
    expect(() =>
      gateway({
        a: { path: '/a/b' },
        b: { path: '/a/:x' },
        c: { path: '/a/*' },
        d: { path: '/*' },
        e: { path: '/a/b', method: 'GET' },
        f: { path: '/:q', method: 'GET' },
      }),
    ).not.toThrow()
  })
})
