import { defineRoute, hasScope } from 'sallyport'
import { dpop, jwt, opaqueToken } from 'sallyport/credentials'
import { dropbox, fastlyLogging, github, intercom, meta, stripe, trello } from 'sallyport/webhooks'
import { describe, expect, test } from 'vitest'
import { type Configuration, checkConfiguration, type Environment } from '../../src/cli/configuration.ts'
import { anonymous } from '../../src/index.ts'
import type { Route } from '../../src/route.ts'

const route = (options: { path?: string; to?: string; secret?: string } = {}): Route => {
  const made = defineRoute({
    method: 'POST',
    path: options.path ?? '/webhooks/github',
    owner: 'platform',
    sensitivity: 'internal',
    authenticate: github({ secret: 'GITHUB_WEBHOOK_SECRET', events: ['push'] }),
    forward: { to: 'ORIGIN_URL' },
  })
  const { to = 'ORIGIN_URL', secret = 'GITHUB_WEBHOOK_SECRET' } = options
  // The compiler refuses these names; the check is for what got past it.
  return {
    ...made,
    authenticate: { ...made.authenticate, secrets: [secret] },
    forward: { ...made.forward, to },
  }
}

const open = defineRoute({
  method: 'POST',
  path: '/open',
  owner: 'platform',
  sensitivity: 'public',
  authenticate: anonymous(),
  forward: { to: 'ORIGIN_URL' },
})

const orders = defineRoute({
  method: 'GET',
  path: '/orders',
  owner: 'orders',
  sensitivity: 'internal',
  authenticate: jwt({ issuer: 'ISSUER', audience: 'orders-api', algorithms: ['ES256'] }),
  authorize: hasScope('orders:read'),
  forward: { to: 'ORIGIN_URL' },
})

const opaque = opaqueToken({
  introspection: 'TRUST',
  clientId: 'CLIENT_ID' as never,
  clientSecret: 'CLIENT_SECRET' as never,
  issuer: 'ISSUER',
  audience: 'orders-api',
})

/** The order route, its tokens taken in another way, in an environment that names their issuer. */
const ordersWith = (more: object): Partial<Configuration> => {
  const authenticate = jwt({
    issuer: 'ISSUER',
    audience: 'orders-api',
    algorithms: ['ES256'],
    ...more,
  } as never)
  return {
    ...both({ orders: { ...orders, authenticate } }),
    ...inEnvironment(withVars({ ISSUER: 'https://issuer.test' })),
  }
}

const environment = (over: Partial<Environment> = {}): Environment => ({
  name: undefined,
  vars: {
    ORIGIN_URL: 'https://origin.test',
    PUBLIC_HOSTS: 'api.test',
    TRUST: 'direct',
    STATE: 'durable-object',
  },
  fetchers: [],
  durableObjects: [{ name: 'SALLYPORT_STATE', className: 'SallyportState' }],
  sqliteClasses: ['SallyportState'],
  ...over,
})
const withVars = (vars: Record<string, unknown>): Environment =>
  environment({ vars: { ...environment().vars, ...vars } })

const routes = { github: route(), open }
const sound: Configuration = {
  files: routes,
  index: routes,
  secrets: ['GITHUB_WEBHOOK_SECRET', 'PROOF_KEY', 'RECORD_KEY'],
  environments: [environment()],
}
const check = (over: Partial<Configuration>) => checkConfiguration({ ...sound, ...over })
const both = (files: Record<string, unknown>): Partial<Configuration> => ({ files, index: files })
const inEnvironment = (one: Environment): Partial<Configuration> => ({ environments: [one] })

test('sums up a sound configuration in one line', () => {
  expect(check({})).toEqual({
    ok: true,
    summary: '2 routes, 1 secret declared, state durable-object',
  })
})

test.each<[string, Partial<Configuration>]>([
  ['a service binding', both({ github: route({ to: 'ORIGIN' }) })],
])('accepts %s as destination', (_, over) => {
  expect(check({ ...over, ...inEnvironment(environment({ fetchers: ['ORIGIN'] })) }).ok).toBe(true)
})

test.each(['cloudflare', 'direct', 'none'])('accepts TRUST = %j', (trust) => {
  expect(check(inEnvironment(withVars({ TRUST: trust }))).ok).toBe(true)
})

const upstash = {
  STATE: 'upstash',
  STATE_NAMESPACE: 'production',
  UPSTASH_REDIS_REST_URL: 'https://db.upstash.io',
}
const { UPSTASH_REDIS_REST_URL: _url, ...withoutUrl } = upstash

test('accepts STATE = "upstash" without Durable Objects, and environments that store under names of their own', () => {
  const top = { ...withVars(upstash), durableObjects: [], sqliteClasses: [] }
  const staging = { ...withVars({ ...upstash, STATE_NAMESPACE: 'staging' }), name: 'staging' }
  const url = { UPSTASH_REDIS_REST_URL: 'https://db.upstash.io' }
  expect(check({ environments: [top, staging, { ...withVars(url), name: 'dev' }] })).toEqual({
    ok: true,
    summary: '2 routes, 1 secret declared, state upstash and durable-object',
  })
})

test('accepts the address of a database among the secrets, where somebody declares it as one', () => {
  const secrets = [...sound.secrets, 'UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN']
  expect(check({ secrets, ...inEnvironment(withVars(withoutUrl)) }).ok).toBe(true)
})

const { TRUST: _trust, ...withoutTrust } = environment().vars
const { ORIGIN_URL: _origin, ...withoutOrigin } = environment().vars

describe('refuses, in one line that names file, option and fix:', () => {
  test('a secret that is near to none, without a guess', () => {
    const verdict = check(both({ ...routes, other: route({ path: '/o', secret: 'OTHER_SECRET' }) }))
    expect(verdict.ok ? '' : verdict.message).not.toContain('did you mean')
  })

  test.each<[string, Partial<Configuration>, string[]]>([
    [
      'Upstash without a name to store under',
      inEnvironment(withVars({ STATE: 'upstash' })),
      ['wrangler.toml', 'STATE_NAMESPACE', "'production'"],
    ],
    [
      'two environments that would store under one name',
      { environments: [withVars(upstash), { ...withVars(upstash), name: 'staging' }] },
      ['[env.staging]', 'STATE_NAMESPACE', 'the top level', 'give each its own'],
    ],
    [
      'a token among the vars',
      inEnvironment(withVars({ ...upstash, UPSTASH_REDIS_REST_TOKEN: 'AXX' })),
      ['UPSTASH_REDIS_REST_TOKEN is a secret', 'wrangler secret put'],
    ],
    [
      'a token among the vars while the state is elsewhere',
      inEnvironment(withVars({ UPSTASH_REDIS_REST_TOKEN: 's3cr3t' })),
      ['wrangler.toml', 'UPSTASH_REDIS_REST_TOKEN is a secret', 'wrangler secret put'],
    ],
    [
      'an empty token among the vars',
      inEnvironment(withVars({ UPSTASH_REDIS_REST_TOKEN: '' })),
      ['UPSTASH_REDIS_REST_TOKEN is a secret'],
    ],
    [
      'Upstash without the address of a database',
      inEnvironment(withVars(withoutUrl)),
      ['wrangler.toml: vars: UPSTASH_REDIS_REST_URL is missing; add', '= "https://….upstash.io"'],
    ],
    [
      'an environment that counts on the address of the top level',
      {
        environments: [
          withVars(upstash),
          { ...withVars({ ...withoutUrl, STATE_NAMESPACE: 'staging' }), name: 'staging' },
        ],
      },
      ['wrangler.toml: [env.staging]: vars: UPSTASH_REDIS_REST_URL is missing', 'inherits no vars'],
    ],
    [
      "Redis' own address in place of the REST URL",
      inEnvironment(
        withVars({ ...upstash, UPSTASH_REDIS_REST_URL: 'rediss://default:s3cr3t@db.upstash.io:6379' }),
      ),
      ['UPSTASH_REDIS_REST_URL', "that is Redis' own address; take the REST URL, 'https://….upstash.io'"],
    ],
    [
      'the same without TLS',
      inEnvironment(withVars({ ...upstash, UPSTASH_REDIS_REST_URL: 'redis://db.upstash.io:6379' })),
      ["that is Redis' own address"],
    ],
    [
      'a database that is reached in the clear',
      inEnvironment(withVars({ ...upstash, UPSTASH_REDIS_REST_URL: 'http://db.upstash.io' })),
      ['UPSTASH_REDIS_REST_URL', 'https'],
    ],
    [
      'an issuer whose var is missing',
      both({ orders }),
      ['routes/orders.ts: authenticate: issuer: var ISSUER is missing', 'wrangler.toml'],
    ],
    [
      'an issuer in the clear, elsewhere than on this machine',
      { ...both({ orders }), ...inEnvironment(withVars({ ISSUER: 'http://issuer.test' })) },
      ['routes/orders.ts', 'ISSUER', 'is not https'],
    ],
    [
      'an issuer that only the top level names',
      {
        ...both({ orders }),
        environments: [withVars({ ISSUER: 'https://issuer.test' }), environment({ name: 'staging' })],
      },
      ['routes/orders.ts', 'ISSUER is missing', 'wrangler.toml: [env.staging]'],
    ],
    [
      'a var with a key set that is missing',
      ordersWith({ keys: { jwks: 'JWKS_URL' } }),
      ['routes/orders.ts: authenticate: var JWKS_URL is missing', 'https'],
    ],
    [
      'a var with keys that is neither a var nor a secret',
      ordersWith({ keys: { variable: 'ISSUER_KEYS' } }),
      ['routes/orders.ts: authenticate: var ISSUER_KEYS is missing'],
    ],
    [
      'nonces of proofs without a secret to seal them with',
      ordersWith({ dpop: dpop({ nonce: true }) }),
      ['routes/orders.ts', 'SEAL_KEY', 'is not declared'],
    ],
    [
      'an introspection endpoint that is no URL',
      {
        ...both({ orders: { ...orders, authenticate: opaque } }),
        ...inEnvironment(withVars({ ISSUER: 'https://issuer.test', CLIENT_ID: 'us' })),
        secrets: [...sound.secrets, 'CLIENT_SECRET'],
      },
      ['routes/orders.ts: authenticate: var TRUST is not a URL'],
    ],
    [
      'a route file that the index does not list',
      { files: { ...routes, extra: route({ path: '/extra' }) } },
      ['routes/extra.ts', 'routes/index.ts', `add 'extra'`],
    ],
    [
      'a route that the index lists under another name',
      { index: { hub: routes.github, open } },
      ['routes/github.ts', `'hub'`, `list it as 'github'`],
    ],
    [
      'two routes that the index lists under swapped names',
      { index: { github: open, open: routes.github } },
      ['routes/github.ts', `as 'open'`],
    ],
    [
      'an index with a route that has no file',
      { index: { ...routes, ghost: open } },
      ['routes/index.ts', `'ghost'`, 'routes/ghost.ts'],
    ],
    ['an index without default export', { index: undefined }, ['routes/index.ts', 'default export']],
    [
      'a file whose default export is no route',
      both({ ...routes, schemas: { a: 1 } }),
      ['routes/schemas.ts', 'defineRoute'],
    ],
    [
      'a file without default export',
      both({ ...routes, schemas: undefined }),
      ['routes/schemas.ts', 'defineRoute'],
    ],
    ['a file name that is no route id', both({ Git_Hub: route() }), ['routes/Git_Hub.ts', 'rename the file']],
    [
      'two routes with the same path and method',
      both({ ...routes, twin: route() }),
      ['routes/twin.ts', 'POST /webhooks/github', 'routes/github.ts'],
    ],
    [
      'two routes of equal specificity',
      both({ a: route({ path: '/:x/b' }), b: route({ path: '/a/:y' }) }),
      ['routes/b.ts', '/:x/b', 'as specific as'],
    ],
    [
      'a secret that is not declared',
      both({ ...routes, other: route({ path: '/o', secret: 'OTHER_SECRET' }) }),
      ['routes/other.ts', 'OTHER_SECRET', `'OTHER_SECRET='`, '.dev.vars.example'],
    ],
    [
      'a misspelt secret, with the name that was meant',
      both({ github: route({ secret: 'GITHUB_WEBHOK_SECRET' }) }),
      ['routes/github.ts', 'GITHUB_WEBHOK_SECRET', 'did you mean GITHUB_WEBHOOK_SECRET?'],
    ],
    [
      'the proof key as the secret of a provider',
      both({ ...routes, other: route({ path: '/o', secret: 'PROOF_KEY' }) }),
      ['routes/other.ts', 'PROOF_KEY signs the proof', 'one of its own'],
    ],
    [
      'a PROOF_KEY that is not declared',
      { secrets: ['GITHUB_WEBHOOK_SECRET'] },
      ['.dev.vars.example', 'PROOF_KEY'],
    ],
    [
      'a secret with a value in [vars]',
      inEnvironment(withVars({ GITHUB_WEBHOOK_SECRET: 's3cr3t' })),
      ['wrangler.toml', 'vars', 'GITHUB_WEBHOOK_SECRET', 'wrangler secret put'],
    ],
    [
      'the proof key with a value in [vars]',
      inEnvironment(withVars({ PROOF_KEY: 's3cr3t' })),
      ['wrangler.toml', 'PROOF_KEY'],
    ],
    [
      'a rotation slot with a value in [vars]',
      inEnvironment(withVars({ GITHUB_WEBHOOK_SECRET_NEXT: 's3cr3t' })),
      ['GITHUB_WEBHOOK_SECRET_NEXT'],
    ],
    [
      'a destination that nobody declares',
      both({ github: route({ to: 'ORIGN_URL' }) }),
      ['routes/github.ts', 'forward.to', 'ORIGN_URL'],
    ],
    [
      'a secret as destination',
      both({ github: route({ to: 'PROOF_KEY' }) }),
      ['routes/github.ts', 'forward.to', 'PROOF_KEY is a secret'],
    ],
    [
      'a destination whose var is missing',
      inEnvironment(environment({ vars: withoutOrigin })),
      ['routes/github.ts', 'forward.to', 'ORIGIN_URL', 'wrangler.toml'],
    ],
    [
      'a destination that is no URL',
      inEnvironment(withVars({ ORIGIN_URL: 'origin.test' })),
      ['forward.to', 'ORIGIN_URL', 'http(s)'],
    ],
    [
      'a destination of another scheme',
      inEnvironment(withVars({ ORIGIN_URL: 'ftp://origin.test' })),
      ['http(s)'],
    ],
    [
      'a destination with a query',
      inEnvironment(withVars({ ORIGIN_URL: 'https://origin.test/?a=1' })),
      ['ORIGIN_URL', 'query'],
    ],
    [
      'a destination with a user name',
      inEnvironment(withVars({ ORIGIN_URL: 'https://u:p@origin.test' })),
      ['user name'],
    ],
    [
      'a destination of another type',
      inEnvironment(withVars({ ORIGIN_URL: { url: 'https://origin.test' } })),
      ['ORIGIN_URL'],
    ],
    [
      'a destination on this machine that leads back to the gateway',
      inEnvironment(withVars({ PUBLIC_HOSTS: 'localhost:8787', ORIGIN_URL: 'http://LOCALHOST:8787/v1' })),
      ['routes/github.ts', 'forward.to', 'ORIGIN_URL leads back', 'localhost:8787 is one of PUBLIC_HOSTS'],
    ],
    ['no PUBLIC_HOSTS', inEnvironment(withVars({ PUBLIC_HOSTS: ' ' })), ['wrangler.toml', 'PUBLIC_HOSTS']],
    [
      'a URL in PUBLIC_HOSTS',
      inEnvironment(withVars({ PUBLIC_HOSTS: 'https://api.test' })),
      ['PUBLIC_HOSTS', `'https://api.test'`],
    ],
    ['no TRUST', inEnvironment(environment({ vars: withoutTrust })), ['wrangler.toml', 'TRUST']],
    ['a TRUST that is none', inEnvironment(withVars({ TRUST: 'proxy' })), ['TRUST', `'cloudflare'`]],
    ['a STATE that is none', inEnvironment(withVars({ STATE: 'redis' })), ['STATE', `'durable-object'`]],
    [
      'no binding for the state',
      inEnvironment(environment({ durableObjects: [] })),
      ['wrangler.toml', 'SALLYPORT_STATE'],
    ],
    [
      'a binding of another class',
      inEnvironment(environment({ durableObjects: [{ name: 'SALLYPORT_STATE', className: 'Other' }] })),
      ['SALLYPORT_STATE', 'Other', 'SallyportState'],
    ],
    [
      'no migration that creates the class with SQLite',
      inEnvironment(environment({ sqliteClasses: [] })),
      ['wrangler.toml', 'migrations', 'new_sqlite_classes'],
    ],
    [
      'an environment of several that lacks a var',
      { environments: [environment(), { ...withVars({ TRUST: 'x' }), name: 'staging' }] },
      ['wrangler.toml', '[env.staging]', 'TRUST'],
    ],
    [
      'an environment of several that lacks a destination',
      { environments: [environment(), { ...withVars({ ORIGIN_URL: '' }), name: 'staging' }] },
      ['routes/github.ts', 'ORIGIN_URL', '[env.staging]'],
    ],
  ])('%s', (_, over, told) => {
    const verdict = check(over)
    const message = verdict.ok ? `accepted: ${verdict.summary}` : verdict.message
    for (const part of told) expect(message).toContain(part)
    expect(message).not.toContain('\n')
    expect(message).not.toContain('s3cr3t')
  })
})

describe('a handshake that its provider does not sign', () => {
  const secret = 'GITHUB_WEBHOOK_SECRET'
  const hook = (authenticate: Route['authenticate'], methods: string[], path = '/hook') => ({
    ...open,
    path,
    methods,
    authenticate,
  })
  const fastly = fastlyLogging({ secret, serviceId: 'SU1Z0isxPaozGVKXdv0eY' })
  const challenge = '/.well-known/fastly/logging/challenge'

  test.each([
    ['dropbox', dropbox({ secret }), 'GET'],
    ['meta', meta({ secret, verifyToken: 'STRIPE_WEBHOOK_SECRET' }), 'GET'],
    ['trello', trello({ secret }), 'HEAD'],
    ['intercom', intercom({ secret }), 'HEAD'],
  ])('%s: would meet a 405 without its method', (name, authenticate, method) => {
    expect(checkConfiguration({ ...sound, ...both({ hook: hook(authenticate, ['POST']) }) })).toEqual({
      ok: false,
      message: `routes/hook.ts: method: has no ${method}, with which ${name} tries the URL before it sends anything; write method: ['POST', '${method}']`,
    })
  })

  test.each([
    ['the same route', { hook: hook(dropbox({ secret }), ['POST', 'GET']) }],
    [
      'another route of the same path',
      { hook: hook(dropbox({ secret }), ['POST']), asked: hook(dropbox({ secret }), ['GET']) },
    ],
    ['a path of its own', { logs: hook(fastly, ['POST']), asked: hook(fastly, ['GET'], challenge) }],
    ['nobody, where there is none', { hook: hook(stripe({ secret }), ['POST']) }],
  ])('is answered by %s', (_, files) => {
    expect(checkConfiguration({ ...sound, ...both(files) })).toMatchObject({ ok: true })
  })

  test('needs a route of its own where it has its own path', () => {
    expect(checkConfiguration({ ...sound, ...both({ logs: hook(fastly, ['POST', 'GET']) }) })).toMatchObject({
      message: expect.stringMatching(
        `^routes/logs.ts: method: has no GET, .*; add a route with method: 'GET' and path: '${challenge}'`,
      ),
    })
  })
})
