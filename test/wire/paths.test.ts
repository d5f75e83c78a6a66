import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from './harness/gateway.ts'
import {
  expectNothingArrived,
  expectRefused,
  expectRefusedBefore,
  expectServing,
  mounts,
} from './harness/mounts.ts'

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(() => expectServing(gateway, prefix))
  afterAll(() => gateway?.close())
  const get = (target: string) => gateway.call({ target: prefix + target })

  describe('refuses as malformed', () => {
    it.each([
      ['a dot segment', '/read/../admin/x'],
      ['a dot segment at the end', '/read/x/..'],
      ['a single dot', '/read/./x'],
      ['an encoded dot segment', '/read/%2e%2e/admin/x'],
      ['a half-encoded dot segment in mixed case', '/read/.%2E/admin/x'],
      ['an encoded slash', '/read/..%2fadmin/x'],
      ['an encoded slash alone', '/read/a%2Fb'],
      ['an encoded backslash', '/read/..%5cadmin/x'],
      ['a backslash', '/read/..\\admin/x'],
      ['backslashes on both sides', '/read/x\\..\\..\\admin/x'],
      ['an overlong dot', '/read/%c0%ae%c0%ae/admin/x'],
      ['a lone continuation byte', '/read/%80'],
      ['a dot segment with a path parameter', '/read/..;/admin/x'],
      ['a dot segment with a named path parameter', '/read/..;a=b/admin/x'],
      ['an encoded dot segment with a path parameter', '/read/%2e%2e;/admin/x'],
      ['an encoded NUL', '/read/%00'],
      ['an encoded NUL after a suffix that looks harmless', '/read/x%00.png'],
      ['an encoded tab', '/read/%09'],
      ['an encoded CRLF', '/read/x%0d%0aX-Injected:%201'],
      ['an escape that is none', '/read/%zz'],
      ['a lone percent sign', '/read/%/../../admin/x'],
      ['an encoded question mark before dots', '/read/%3f/../../admin/x'],
      ['a doubled slash at the start', '//admin/x'],
      ['a doubled slash inside', '/admin//x'],
      ['raw UTF-8', '/read/\xc3\xa9'],
      ['raw full-width dots', '/read/\xef\xbc\x8e\xef\xbc\x8e/admin'],
      ['a dot segment as path parameter', '/members/%2e%2e'],
      ['a traversal as path parameter', '/members/..%2f..%2fadmin'],
      ['a query with a broken escape', '/search?q=%zz'],
      ['a query with an encoded NUL', '/search?q=%00'],
      ['a query outside UTF-8', '/search?q=%ff'],
      ['a query with raw UTF-8', '/search?q=\xc3\xa9'],
    ])('%s', async (_name, target) => {
      expectRefused(gateway, await get(target), 400, 'malformed_target')
    })

    it('a dot segment behind a foreign authority in absolute form', async () => {
      const answer = await gateway.call({ target: `http://evil.test${prefix}/read/../admin/x` })
      expectRefused(gateway, answer, 400, 'malformed_target')
    })
  })

  describe('forwards what it decided on, in one spelling', () => {
    it.each([
      ['a doubly encoded dot segment, not decoded twice', '/read/%252e%252e/admin', '/read/%252e%252e/admin'],
      ['full-width dots, an ordinary character', '/read/%ef%bc%8e%ef%bc%8e', '/read/%EF%BC%8E%EF%BC%8E'],
      ['an encoded space', '/read/a%20b', '/read/a%20b'],
      ['an escaped letter, as the letter', '/read/%61%7E', '/read/a~'],
      ['an escaped letter of the route itself', '/%72ead/x', '/read/x'],
      ['every letter of the route escaped, in both cases', '/%72%65%61%64/%6A%6a', '/read/jj'],
      ['escaped digits and marks that need no escape', '/read/%30%2D%2e%5F%7e', '/read/0-._~'],
      ['an escape in lower case, in upper case', '/read/%e2%82%ac', '/read/%E2%82%AC'],
      ['an escape in both cases, in upper case', '/read/%c3%A9%C3%a9', '/read/%C3%A9%C3%A9'],
      ['reserved characters, escaped as they came', '/read/%2b%3a%40%3d', '/read/%2B%3A%40%3D'],
      ['reserved characters that came bare', '/read/+:@=!$&(),', '/read/+:@=!$&(),'],
      ['an escaped letter of a guarded parameter', '/members/%6d%65', '/members/me'],
      ['an escaped letter of a route with a query', '/%73earch?q=%61', '/search?q=a'],
      ['an escaped letter of a route without parameters', '/eithe%72', '/either'],
      ['a semicolon, as data', '/read/x;a=b/c', '/read/x;a=b/c'],
      ['dots that are no dot segment', '/read/.../..x/x..', '/read/.../..x/x..'],
      ['a fragment, cut by the runtime', '/read/a#/../../admin', '/read/a'],
      ['a trailing slash', '/read/x/', '/read/x/'],
      ['a lone question mark', '/read/x?', '/read/x'],
      ['an open route without a further segment, as in Hono', '/read', '/read'],
    ])('%s', async (_name, target, arrives) => {
      expect((await get(target)).status).toBe(200)
      expect(gateway.origin.requests.map((seen) => seen.target)).toEqual([prefix + arrives])
    })

    it('absolute form, by its path alone', async () => {
      const answer = await gateway.call({ target: `http://evil.test${prefix}/read/x` })
      expect(answer.status).toBe(200)
      const [seen] = gateway.origin.requests
      expect(seen?.target).toBe(`${prefix}/read/x`)
      expect(seen?.values('host')).toEqual([`127.0.0.1:${gateway.origin.port}`])
      expect(seen?.values('x-forwarded-host')).toEqual(['gw.test'])
    })
  })

  describe('finds no route for', () => {
    it.each([
      ['another case', '/READ/x'],
      ['another case of a guarded route', '/ADMIN/x'],
      ['a dot at the end of a segment', '/admin./x'],
      ['a semicolon at the end of a segment', '/admin;a=b/x'],
      ['a trailing slash', '/members/me/'],
      ['a trailing slash after a literal', '/search/'],
      ['an empty path parameter', '/members/'],
      ['a segment too many', '/members/me/secrets'],
      ['a path that nobody declares', '/v0/read/x'],
      ['a cache deception suffix', '/members/me/a.css'],
    ])('%s', async (_name, target) => {
      expectRefused(gateway, await get(target), 404, 'route_not_found')
    })
  })

  it('applies the guard of the route that the path leads to, whatever the authority in the target says', async () => {
    expectRefused(gateway, await get('/admin/x'), 403, 'client_denied')
    const answer = await gateway.call({ target: `http://gw.test${prefix}/admin/x` })
    expectRefused(gateway, answer, 403, 'client_denied')
  })

  it.each([
    ['of the clients', '/%61dmin/x', 'client_denied'],
    ['of the clients, every letter escaped', '/%61%64%6D%69%6e/x', 'client_denied'],
    ['of the predicate', '/%6Dembers/you', 'not_authorized'],
    ['of the predicate, with its parameter escaped twice', '/members/%256de', 'not_authorized'],
  ])('applies the guard %s to an escaped spelling of the path', async (_name, target, code) => {
    expectRefused(gateway, await get(target), 403, code)
  })

  it('holds a route to its methods in an escaped spelling as well', async () => {
    const answer = await gateway.call({ method: 'DELETE', target: `${prefix}/%72ead/x` })
    expectRefused(gateway, answer, 405, 'method_not_allowed')
    expect(answer.headers.get('allow')).toEqual(['GET'])
  })

  it('takes a cache deception suffix with a semicolon for data of the parameter, which the guard then refuses', async () => {
    expectRefused(gateway, await get('/members/me;a.css'), 403, 'not_authorized')
  })

  it('decodes a path parameter once, and holds it against its schema after that', async () => {
    const post = (target: string) =>
      gateway.call({
        method: 'POST',
        target: prefix + target,
        headers: [['Content-Type', 'application/json']],
        body: '{"sku":"a","quantity":1}',
      })
    expectRefused(gateway, await post('/orders/%252e%252e'), 422, 'input_invalid')
    expectRefused(gateway, await post('/orders/a%20b'), 422, 'input_invalid')
    expect((await post('/orders/%61-1')).status).toBe(200)
    const [seen] = gateway.origin.requests
    expect(seen?.target).toBe(`${prefix}/orders/a-1`)
    expect(seen?.values('x-order')).toEqual(['a-1'])
  })

  it('refuses a target beyond 8192 bytes, and takes one of that length', async () => {
    const fits = 8192 - `${prefix}/read/`.length
    expectRefused(gateway, await get(`/read/${'a'.repeat(fits + 1)}`), 414, 'target_too_long')
    expectRefused(gateway, await get(`/read/${'a'.repeat(20_000)}`), 414, 'target_too_long')
    expectRefused(gateway, await get(`/search?q=${'a'.repeat(20_000)}`), 414, 'target_too_long')
    expect((await get(`/read/${'a'.repeat(fits)}`)).status).toBe(200)
  })

  it.each([
    ['a target outside UTF-8', '/read/\xe9', 400],
    ['a raw space', '/read/a b', 400],
    ['a raw control character', '/read/a\x01', 400],
    ['a target of 140 KB', `/read/${'a'.repeat(140_000)}`, 414],
  ])('leaves %s to the runtime, which refuses it', async (_name, target, status) => {
    expectRefusedBefore(gateway, await get(target), status)
  })

  it('never lets asterisk form or CONNECT through', async () => {
    const asterisk = await gateway.call({ method: 'OPTIONS', target: '*' })
    if (prefix === '') expectRefused(gateway, asterisk, 400, 'malformed_host')
    else expectRefusedBefore(gateway, asterisk, 404)
    expectRefusedBefore(gateway, await gateway.call({ method: 'CONNECT', target: 'evil.test:443' }), 500)
    expectNothingArrived(gateway)
  })
})

describe("Hono's own router, before a mounted gateway", () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry: 'test/wire/workers/mounted.ts' })
  })
  afterEach(() => expectServing(gateway, '/api'))
  afterAll(() => gateway?.close())

  it.each([
    ['a path outside the prefix', '/read/x'],
    ['the prefix in another case', '/API/read/x'],
    ['a doubled slash before the prefix', '//api/read/x'],
    ['a dot segment that would lead under the prefix', '/x/../api/read/x'],
  ])('answers %s with its own 404', async (_name, target) => {
    const answer = await gateway.call({ target })
    expectRefusedBefore(gateway, answer, 404)
    expect(answer.text).toBe('404 Not Found')
  })

  it.each([
    ['a dot segment that would lead out of the prefix', '/api/../health', 400, 'malformed_target'],
    ['an encoded dot segment that would', '/api/%2e%2e/health', 400, 'malformed_target'],
    ['the prefix alone', '/api', 404, 'route_not_found'],
  ])('hands on %s, and the gateway refuses it', async (_name, target, status, code) => {
    expectRefused(gateway, await gateway.call({ target }), status, code)
  })

  it('decodes the prefix for its own match, as the gateway does for its own', async () => {
    expect((await gateway.call({ target: '/%61pi/read/x' })).status).toBe(200)
    expect(gateway.origin.requests.map((seen) => seen.target)).toEqual(['/api/read/x'])
    gateway.origin.clear()
    expectRefusedBefore(gateway, await gateway.call({ target: '/api%2fread/x' }), 404)
  })
})
