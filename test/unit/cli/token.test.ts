import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { defineRoute, hasScope, network, sameTenant } from 'sallyport'
import { apiKey, jwt, oneOf } from 'sallyport/credentials'
import * as v from 'valibot'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readArguments } from '../../../src/cli/arguments.ts'
import { explainToken, type Row } from '../../../src/cli/explain-token.ts'
import { findRoute } from '../../../src/cli/find-route.ts'
import { readRevocation } from '../../../src/cli/revoke.ts'
import { quoted, revokeCommands } from '../../../src/cli/revoke-commands.ts'
import { timeOf } from '../../../src/cli/token.ts'
import { summaryOf, tableOf } from '../../../src/cli/token-table.ts'
import { shown } from '../../../src/cli/token-values.ts'
import { fixedKeys } from '../../../src/keys/index.ts'
import { revocable } from '../../../src/revocable.ts'
import { goodClaims, key, NOW, tokenWith } from '../credentials/jwt/fixture.ts'
import { headerOf, makeSigner, signToken } from '../credentials/jwt/signer.ts'

const base = { owner: 'o', sensitivity: 'internal', forward: { to: 'ORIGIN_URL' } } as const
const authenticate = jwt({
  issuer: 'ISSUER',
  audience: 'orders-api',
  algorithms: ['ES256'],
  claims: v.looseObject({ tenant: v.literal('acme') }),
})
const routes = {
  tenants: defineRoute({
    ...base,
    method: ['GET', 'POST'],
    path: '/tenants/*',
    authenticate,
    authorize: network('203.0.113.0/24'),
  }),
  orders: defineRoute({
    ...base,
    method: 'GET',
    path: '/tenants/:tenant/orders',
    authenticate,
    authorize: sameTenant('tenant'),
  }),
  list: defineRoute({
    ...base,
    method: ['GET', 'HEAD'],
    path: '/orders',
    authenticate: oneOf(authenticate, jwt({ issuer: 'ORIGIN_URL', audience: 'b', algorithms: ['ES256'] })),
    authorize: hasScope('orders:admin'),
  }),
}
const vars = { ISSUER: goodClaims.iss, ORIGIN_URL: 'https://other.test' }
const keysOf = (jwk: object) => (algorithms: readonly string[]) =>
  fixedKeys({ set: { keys: [jwk] }, algorithms })

async function explain(token: string, named: string, more: Partial<Parameters<typeof explainToken>[0]> = {}) {
  const { route, method, params } = findRoute(routes, named)
  return explainToken({ token, route, method, params, vars, now: NOW * 1000, keysOf: undefined, ...more })
}
const allOf = async (token: string, named: string, more: Parameters<typeof explain>[2] = {}) =>
  tableOf(await explain(token, named, more))
const throwing = {
  ...sameTenant('tenant'),
  test: () => {
    throw new Error('a fault of the route')
  },
}
const resultOf = (rows: readonly Row[], check: string) => rows.find((row) => row.check === check)?.result
const failed = (rows: readonly Row[]) =>
  rows.filter(({ result }) => result === 'fail').map(({ check }) => check)

afterEach(() => vi.restoreAllMocks())

describe('a token is explained', () => {
  it('check by check, with nothing asked of anybody', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    const { rows, revocable } = await explain(tokenWith(), 'GET /tenants/acme/orders')
    expect(failed(rows)).toEqual([])
    expect(rows.find(({ check }) => check === 'signature')).toMatchObject({ result: 'not checked' })
    expect(rows.filter(({ result }) => result === 'not checked').map(({ check }) => check)).toEqual([
      'signature',
      'revocation',
      'limits',
    ])
    expect(revocable).toContain(`jti:${goodClaims.iss}|token-1`)
    expect(fetched).not.toHaveBeenCalled()
  })

  it('with its signature, where keys are given', async () => {
    const good = await explain(tokenWith(), 'orders', { keysOf: keysOf(key.jwk) })
    expect(resultOf(good.rows, 'signature')).toBe('pass')
    const forged = signToken(makeSigner('ES256', 'k1'), headerOf(key), goodClaims)
    expect(failed((await explain(forged, 'orders', { keysOf: keysOf(key.jwk) })).rows)).toEqual(['signature'])
    const unknown = await explain(tokenWith({}, { kid: 'other' }), 'orders', { keysOf: keysOf(key.jwk) })
    expect(failed(unknown.rows)).toEqual(['signature'])
  })

  it.each<[string, string, string, string[]]>([
    ['another audience', tokenWith({ aud: 'other' }), 'orders', ['audience']],
    ['another issuer', tokenWith({ iss: 'https://x.test' }), 'orders', ['issuer']],
    [
      'two faults at once',
      tokenWith({ aud: 'other', exp: NOW - 100, iat: NOW - 200 }),
      'orders',
      ['audience', 'expiry'],
    ],
    ['an id token', tokenWith({ nonce: 'n' }), 'orders', ['kind of token']],
    ['a header of another type', tokenWith({}, { typ: 'JWT' }), 'orders', ['header']],
    ['claims of another schema', tokenWith({ tenant: 'globex' }), 'orders', ['claims schema']],
    ["another tenant's path", tokenWith(), 'GET /tenants/globex/orders', ['authorization']],
    ['no scope', tokenWith(), 'HEAD /orders', ['authorization']],
    ['no token', 'junk', 'orders', ['form']],
  ])('and tells what is wrong with %s', async (_, token, named, checks) => {
    expect(failed((await explain(token, named)).rows)).toEqual(checks)
  })

  it('by its own issuer, where a route takes several', async () => {
    const other = { iss: 'https://other.test', aud: 'b', scope: 'orders:admin' }
    const { rows } = await explain(tokenWith(other), 'list')
    expect(failed(rows)).toEqual([])
  })

  it('as it would be at another time', async () => {
    expect(failed((await explain(tokenWith(), 'orders', { now: (NOW + 9999) * 1000 })).rows)).toEqual([
      'expiry',
    ])
  })

  it('with its binding left open', async () => {
    const { rows } = await explain(tokenWith({ cnf: { jkt: 'A'.repeat(43) } }), 'orders')
    expect(resultOf(rows, 'binding')).toBe('not checked')
  })

  it('and a route that takes none says so', async () => {
    const other = defineRoute({
      ...base,
      method: 'GET',
      path: '/keys',
      authenticate: apiKey({ prefix: 'acme', checksum: 'API_KEY_CHECKSUM', keys: 'state' }),
      authorize: () => true,
    })
    const { rows } = await explain(tokenWith(), 'orders', { route: other })
    expect(rows).toEqual([
      { check: 'credential', result: 'fail', why: 'the route takes no JWT access tokens' },
    ])
  })

  it('without its signature, and with nothing that would steer a terminal', async () => {
    const long = 'x'.repeat(300)
    const token = tokenWith({ scope: ['orders:read', 'a\u200eb'], sub: '\u061ca', aud: ['orders-api', long] })
    for (const now of [NOW, NOW + 9999]) {
      const told = (await allOf(token, 'orders', { now: now * 1000 })).replaceAll('\n', '')
      for (const part of [token, ...token.split('.'), 'x'.repeat(80)]) expect(told).not.toContain(part)
      expect(told).not.toMatch(/[\p{Cf}\p{Cc}]/u)
    }
    const control = await allOf(tokenWith({ iss: 'https://x.test\u001b[2J\u009b' }), 'orders')
    expect(control).toContain('iss "https://x.test\\u001b[2J\ufffd"')
  })

  it('and its values are cut short', () => {
    expect(shown('x'.repeat(78))).toBe(`"${'x'.repeat(78)}"`)
    expect(shown('x'.repeat(79))).toBe(`"${'x'.repeat(78)}…`)
    expect([...shown('\u{1f600}'.repeat(500))]).toHaveLength(80)
    expect(shown(undefined)).toBe('none')
    expect(shown('1')).not.toBe(shown(1))
  })
})

describe('what was wanted and what was found', () => {
  const rowOf = async (check: string, token: string, named = 'orders', more = {}) =>
    (await explain(token, named, more)).rows.find((row) => row.check === check)

  it.each<[string, Record<string, unknown>, Record<string, unknown>, string, string]>([
    [
      'issuer',
      { iss: 'https://x.test' },
      {},
      '"https://issuer.test", the var ISSUER',
      'iss "https://x.test"',
    ],
    ['issuer', { iss: 'https://issuer.test/' }, {}, '', 'iss "https://issuer.test/"'],
    ['audience', { aud: ['a', 'b'] }, {}, '"orders-api"', 'aud ["a","b"]'],
    ['header', {}, { typ: 'JWT' }, 'typ "at+jwt"', 'typ "JWT"'],
    ['header', {}, { alg: 'none' }, 'alg "ES256"', 'alg "none"'],
    ['header', {}, { jwk: { kty: 'EC' } }, 'alg "ES256"', 'and the members ["jwk"]'],
    [
      'expiry',
      { iat: NOW - 700, exp: NOW - 400 },
      {},
      'exp after 2027-01-15T07:59:30Z',
      '(2027-01-15T07:53:20Z)',
    ],
    ['begin', { iat: NOW + 60, exp: NOW + 90 }, {}, 'until 2027-01-15T08:00:30Z', 'iat 1800000060'],
    ['lifetime', { exp: NOW + 200_000 }, {}, 'at most 86400 s', 'exp 1800200000'],
    ['lifetime', { exp: '1800000000' }, {}, 'whole seconds', 'exp "1800000000"'],
    ['lifetime', { exp: 8e15 }, {}, 'whole seconds', 'exp 8000000000000000'],
    ['kind of token', { jti: undefined }, {}, 'client_id, jti', 'aud "orders-api", client_id "app-1"'],
    ['scopes', { scope: 'a  b' }, {}, 'single spaces', 'scope "a  b"'],
  ])('is told of %s %j %j', async (check, claims, header, wanted, found) => {
    const row = await rowOf(check, tokenWith(claims, header))
    expect(row).toMatchObject({
      result: 'fail',
      wanted: expect.stringContaining(wanted),
      found: expect.stringContaining(found),
    })
    const told = await allOf(tokenWith(claims, header), 'orders')
    expect(told).toContain(`wanted  ${row?.wanted}`)
    expect(told).toContain(`found   ${row?.found}`)
  })

  it('is told of every issuer that the route takes', async () => {
    const row = await rowOf('issuer', tokenWith({ iss: 'https://x.test' }), 'list')
    expect(row?.wanted).toBe(
      '"https://issuer.test", the var ISSUER or "https://other.test", the var ORIGIN_URL',
    )
  })

  it('is told of the scopes, claims and parameters that a rule reads', async () => {
    const scope = await rowOf('authorization', tokenWith(), 'list')
    expect(scope).toMatchObject({ why: expect.stringContaining('orders:admin') })
    expect(scope?.found).toBe('scopes ["orders:read","orders:write"]')
    const tenant = await rowOf('authorization', tokenWith(), 'GET /tenants/globex/orders')
    expect(tenant?.found).toBe('claim tenant "acme", :tenant "globex"')
  })

  it('is told of what cannot be read, with no part of it', async () => {
    expect(await rowOf('form', 'junk.x')).toMatchObject({ found: '2 parts, 6 characters' })
    const told = await allOf(`${'x'.repeat(300)}.y`, 'orders')
    expect(told).not.toContain('xxx')
  })

  it('leaves open what only a request or another path tells', async () => {
    const pattern = await rowOf('authorization', tokenWith(), 'GET /tenants/:tenant/orders')
    expect(pattern).toMatchObject({ result: 'not checked', why: expect.stringContaining('a real path') })
    const client = await rowOf('authorization', tokenWith(), 'POST /tenants/acme/orders')
    expect(client).toMatchObject({
      result: 'not checked',
      why: expect.stringContaining('where the client is'),
    })
    for (const [claims, check] of [
      [{ exp: 'x' }, 'expiry'],
      [{ iat: 1.5 }, 'begin'],
      [{ nbf: null }, 'begin'],
    ] as const) {
      expect(await rowOf(check, tokenWith(claims))).toMatchObject({ result: 'not checked' })
    }
  })

  it('tells a rule that throws from one that says no', async () => {
    const route = { ...routes.orders, authorize: throwing } as unknown as typeof routes.orders
    const row = await rowOf('authorization', tokenWith(), 'GET /tenants/acme/orders', { route })
    expect(row).toMatchObject({ result: 'fail', why: expect.stringContaining('500') })
  })

  it('and how many checks were not made', async () => {
    const summary = async (token: string, named: string, more = {}) =>
      summaryOf(await explain(token, named, more))
    expect(await summary(tokenWith(), 'orders')).toBe(
      'No check failed, 4 were not made: signature, authorization, revocation, limits.',
    )
    expect(await summary(tokenWith(), 'GET /tenants/acme/orders', { keysOf: keysOf(key.jwk) })).toBe(
      'No check failed, 2 were not made: revocation, limits.',
    )
    expect(await summary('junk', 'orders')).toMatch(/^1 failed, 8 were not made: header, claims, /)
    const [one, open] = [
      { check: 'a', result: 'fail', why: '' },
      { check: 'b', result: 'not checked', why: '' },
    ] as const
    expect(summaryOf({ rows: [one], principal: undefined, revocable: [] })).toBe('1 failed.')
    expect(summaryOf({ rows: [one, open], principal: undefined, revocable: [] })).toBe(
      '1 failed, 1 was not made: b.',
    )
  })
})

describe('the commands that revoke a token', () => {
  /** The name under which a command revokes, once a shell has read it. */
  const nameOf = async (command: string) => {
    const child = spawn('sh', ['-c', `printf '%s\\0' ${command.replace('npm run revoke -- ', '')}`])
    const words = (await text(child.stdout)).split('\0').slice(0, -1)
    const told = readRevocation(readArguments(words, ['issuer', 'issued-before']), NOW * 1000)
    if ('subject' in told) return revocable.subject(told.issuer, told.subject)
    if ('token' in told) return revocable.token(told.issuer, told.token)
    if ('session' in told) return revocable.session(told.issuer, told.session)
    if (!('issuer' in told)) throw new Error(command)
    expect(told.issuedBefore).toBe(NOW * 1000)
    return revocable.issuer(told.issuer)
  }

  it.each<[string, Record<string, unknown>]>([
    ['plain', { sub: 'ann', sid: 's-1' }],
    ['with quotes, spaces and dollars', { sub: `it's "me" $(id) \`id\` \\`, jti: "'; echo x #" }],
    ['that look like options', { sub: '--issuer', jti: '-x', sid: '--' }],
    ['with bars and signs', { sub: 'auth0|1&2;3<4>*?[a]~{b,c}!', sid: '=ls' }],
    ['in other scripts', { sub: 'Zoë 测试 \u{1f600}' }],
  ])('revoke what a token with names %s proves', async (_, claims) => {
    const { principal, revocable: names } = await explain(tokenWith(claims), 'orders')
    const commands = revokeCommands(principal?.issuer ?? '', names)
    const revoked = await Promise.all(commands.map(({ command }) => nameOf(command ?? '')))
    expect(revoked.toSorted()).toEqual(names.toSorted())
    const told = await allOf(tokenWith(claims), 'orders')
    for (const { command } of commands) expect(told).toContain(command)
  })

  it('are not made of names that a terminal would not show', async () => {
    const told = await allOf(tokenWith({ sub: 'a\u200bb' }), 'orders')
    expect(told).toMatch(/its subject +no command that can be pasted/)
    expect(told).toMatch(/this token +npm run revoke -- token token-1 --issuer https:\/\/issuer\.test\n/)
  })

  it('quote what a shell would read', () => {
    expect(['a b', "a'b", 'a', '', '=a', 'é'].map(quoted)).toEqual([
      "'a b'",
      "'a'\\''b'",
      'a',
      "''",
      "'=a'",
      "'é'",
    ])
  })
})

describe('the command line', () => {
  it.each([
    ['GET /tenants/acme/orders', 'orders', { tenant: 'acme' }],
    ['GET /tenants/:tenant/orders', 'orders', undefined],
    ['HEAD /orders?x=1', 'list', {}],
    ['orders', 'orders', undefined],
    ['routes/orders.ts', 'orders', undefined],
    ['./routes/list.ts', 'list', {}],
    ['POST /tenants/acme/orders', 'tenants', {}],
    ['GET /tenants/acme/orders/1', 'tenants', {}],
    ['GET /tenants', 'tenants', {}],
    ['GET /tenants/:other/orders', 'orders', undefined],
    ['GET /tenants/:tenant/orders/:id', 'tenants', undefined],
    ['GET /tenants/*', 'tenants', undefined],
    ['GET /tenants/a%20b@x/orders#top', 'orders', { tenant: 'a b@x' }],
    ['GET /tenants/acme/%6frders', 'orders', { tenant: 'acme' }],
  ])('finds the route of %s', (named, id, params) => {
    expect(findRoute(routes, named)).toMatchObject({ id, params })
  })

  it.each([
    'POST /orders',
    'GET /nothing',
    'GET /tenants//orders',
    'GET /../x',
    'GET /*',
    'constructor',
    '__proto__',
    'order',
    '',
  ])('finds none for %j, and says so', (named) => {
    expect(() => findRoute(routes, named)).toThrow(/--route/)
  })

  it('reads moments and Unix seconds', () => {
    expect(timeOf(undefined, 5)).toBe(5)
    expect(timeOf('1800000000', 5)).toBe(1_800_000_000_000)
    expect(timeOf('2027-01-15T08:00:00Z', 5)).toBe(1_800_000_000_000)
    expect(() => timeOf('tomorrow', 5)).toThrow(/--at/)
  })

  it('ends with 0, 1 or 2, and never shows the signature', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-token-'))
    try {
      await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys: [key.jwk] }))
      const token = tokenWith({ iss: 'http://127.0.0.1:8789' })
      const run = async (args: string[], input = '', cwd = process.cwd()) => {
        const command = [resolve('src/cli/token.ts'), ...args]
        const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'pipe'], cwd })
        child.stdin.end(input)
        const [out, error, [code]] = await Promise.all([
          text(child.stdout),
          text(child.stderr),
          once(child, 'exit'),
        ])
        expect(`${out}${error}`).not.toContain(token.split('.')[2])
        return { code, out, error }
      }
      const route = ['--route', 'POST /tenants/acme/orders', '--at', String(NOW)]
      const good = await run(['explain', '-', ...route, '--jwks', join(folder, 'keys.json')], `${token}\n`)
      expect([good.code, good.error]).toEqual([0, ''])
      expect(good.out).toMatch(/signature +pass/)
      expect(good.out).toContain('No check failed, 2 were not made: revocation, limits.')
      const late = await run(['explain', token, '--route', 'orders', '--at', '2030-01-01'])
      expect(late.code).toBe(1)
      expect(late.out).toMatch(
        /expiry +fail +the token has expired\n +wanted +exp after 2029-12-31T23:59:30Z/,
      )
      expect(late.out).toMatch(/signature +not checked/)
      const meant = await run(['explain', token, '--rout', 'orders'])
      expect(meant.code).toBe(2)
      expect(meant.error).toContain('did you mean --route?')
      const elsewhere = await run(['explain', token, '--route', 'orders'], '', folder)
      expect(elsewhere.code).toBe(2)
      expect(elsewhere.error).toMatch(/^sallyport token: routes: is missing/)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
