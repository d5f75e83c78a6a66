import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { defineRoute, hasScope, sameTenant } from 'sallyport'
import { apiKey, jwt, oneOf } from 'sallyport/credentials'
import * as v from 'valibot'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { explainToken, type Row } from '../../../src/cli/explain-token.ts'
import { findRoute, tableOf, timeOf } from '../../../src/cli/token.ts'
import { fixedKeys } from '../../../src/keys/index.ts'
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
    const { rows } = await explain(tokenWith({ iss: 'https://other.test', aud: 'b' }), 'list')
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
    const token = tokenWith({ scope: ['orders:read', 'a\u200eb'] })
    const told = tableOf(await explain(token, 'orders'))
    expect(told).not.toContain(token.split('.')[2])
    expect(told).not.toContain('\u200e')
  })
})

describe('the command line', () => {
  it.each([
    ['GET /tenants/acme/orders', 'orders', { tenant: 'acme' }],
    ['GET /tenants/:tenant/orders', 'orders', undefined],
    ['HEAD /orders?x=1', 'list', {}],
    ['orders', 'orders', undefined],
    ['routes/orders.ts', 'orders', undefined],
    ['./routes/list.ts', 'list', undefined],
  ])('finds the route of %s', (named, id, params) => {
    expect(findRoute(routes, named)).toMatchObject({ id, params })
  })

  it.each(['POST /orders', 'GET /nothing', 'GET /../x', 'constructor', '__proto__', 'order', ''])(
    'finds none for %j, and says so',
    (named) => {
      expect(() => findRoute(routes, named)).toThrow(/--route/)
    },
  )

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
      const run = async (args: string[], input = '') => {
        const command = [resolve('src/cli/token.ts'), ...args]
        const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'pipe'] })
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
      const late = await run(['explain', token, '--route', 'orders', '--at', '2030-01-01'])
      expect(late.code).toBe(1)
      expect(late.out).toMatch(/expiry +fail +the token has expired/)
      expect(late.out).toMatch(/signature +not checked/)
      const meant = await run(['explain', token, '--rout', 'orders'])
      expect(meant.code).toBe(2)
      expect(meant.error).toContain('did you mean --route?')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
