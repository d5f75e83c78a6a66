import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Origin, type RecordedRequest, startOrigin } from './harness/origin.ts'
import { type RawAnswer, type RawRequest, request, send } from './harness/raw.ts'
import { startWorkerd, type Workerd } from './harness/workerd.ts'

// Every attack here succeeds: the suite shows what this harness can see, and what a gateway must refuse.

let origin: Origin
let elsewhere: Origin
let gateway: Workerd

beforeAll(async () => {
  origin = await startOrigin()
  elsewhere = await startOrigin()
  gateway = await startWorkerd({
    entry: 'test/wire/workers/naive.ts',
    bindings: { ORIGIN_URL: origin.url, ADMIN_KEY: 'only-the-team-knows' },
  })
})
afterEach(() => {
  origin.clear()
  elsewhere.clear()
})
afterAll(async () => {
  await gateway?.kill()
  await Promise.all([origin?.close(), elsewhere?.close()])
})

async function attack(
  target: string,
  headers: RawRequest['headers'] = [],
  more: { method?: string; host?: string; body?: string } = {},
): Promise<{ answer: RawAnswer; seen: RecordedRequest }> {
  const { method = 'GET', host = 'gw.test', ...rest } = more
  const answer = await send(
    gateway.port,
    request({ method, target, headers: [['Host', host], ...headers], ...rest }),
  )
  return { answer, seen: await origin.waitForRequest(1, 2_000) }
}

describe('the naive gateway keeps its promise to plain requests', () => {
  it('refuses /admin without the key and asks the origin nothing', async () => {
    const answer = await send(
      gateway.port,
      request({ method: 'GET', target: '/admin/x', headers: [['Host', 'gw.test']] }),
    )
    expect(answer.status).toBe(401)
    expect(origin.requests).toHaveLength(0)
  })

  it('forwards /public byte for byte', async () => {
    const { answer, seen } = await attack('/public/x', [], { method: 'POST', body: '{"a": 1}' })
    expect(answer.text).toBe('{"ok":true}')
    expect(seen).toMatchObject({ method: 'POST', target: '/public/x', complete: true })
    expect(seen.body.toString()).toBe('{"a": 1}')
  })
})

describe('the open route leads to /admin at the origin', () => {
  it.each([
    ['dot segments', '/public/../admin/x', '/admin/x'],
    ['percent-encoded dot segments', '/public/%2e%2e/admin/x', '/admin/x'],
    ['half-encoded dot segments in mixed case', '/public/.%2E/admin/x', '/admin/x'],
    ['a backslash after the dots', '/public/..\\admin/x', '/admin/x'],
    ['backslashes on both sides', '/public/x\\..\\..\\admin/x', '/admin/x'],
    ['an encoded question mark before the dots', '/public/%3f/../../admin/x', '/admin/x'],
    ['a lone percent sign before the dots', '/public/%/../../admin/x', '/admin/x'],
    ['a dot segment as path parameter', '/users/%2e%2e', '/'],
    ['absolute-form for a foreign host', 'http://evil.test/public/../admin/x', '/admin/x'],
  ])('by %s', async (_name, target, arrives) => {
    const { answer, seen } = await attack(target)
    expect(answer.status).toBe(200)
    expect(seen.target).toBe(arrives)
  })

  it('by a path in Host', async () => {
    const { answer, seen } = await attack('/x', [], { host: 'gw.test/public/../admin/x?' })
    expect(answer.status).toBe(200)
    expect(seen.target).toBe('/admin/x?/x')
  })

  it('by a path in Host that swallows the real target', async () => {
    const { seen } = await attack('/admin/x', [], { host: 'gw.test/public/open?' })
    expect(seen.target).toBe('/public/open?/admin/x')
  })

  it('and userinfo in Host passes for a host', async () => {
    const { answer, seen } = await attack('/public/x', [], { host: 'user:secret@gw.test' })
    expect(answer.status).toBe(200)
    expect(seen.target).toBe('/public/x')
  })
})

describe('client-made headers arrive at the origin as if the gateway had said them', () => {
  it.each([
    ['X-Forwarded-For', '127.0.0.1'],
    ['CF-Connecting-IP', '127.0.0.1'],
    ['X-Real-IP', '127.0.0.1'],
    ['True-Client-IP', '127.0.0.1'],
    ['Forwarded', 'for=127.0.0.1;proto=https'],
    ['X_Forwarded_For', '127.0.0.1'],
    ['X-Forwarded-Host', 'evil.test'],
    ['X-Original-URL', '/admin/x'],
    ['X-Rewrite-URL', '/admin/x'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ['Expect', '200-maybe'],
    ['Proxy-Authorization', 'Basic YTpi'],
    ['Proxy-Connection', 'keep-alive'],
  ])('%s', async (name, value) => {
    const { seen } = await attack('/public/x', [[name, value]])
    expect(seen.values(name.toLowerCase())).toEqual([value])
  })

  it('a header that Connection nominates as hop-by-hop', async () => {
    const { seen } = await attack('/public/x', [
      ['Connection', 'close, X-Gateway-Auth'],
      ['X-Gateway-Auth', 'forged'],
    ])
    expect(seen.values('x-gateway-auth')).toEqual(['forged'])
  })

  it('two credentials, joined into one', async () => {
    const { seen } = await attack('/public/x', [
      ['Authorization', 'Bearer a'],
      ['Authorization', 'Bearer b'],
    ])
    expect(seen.values('authorization')).toEqual(['Bearer a, Bearer b'])
  })

  it('a control character in a value', async () => {
    const { seen } = await attack('/public/x', [['X-A', 'a\x01b']])
    expect(seen.values('x-a')).toEqual(['a\x01b'])
  })

  it('a byte outside UTF-8, which the Worker sees as U+FFFD', async () => {
    const { seen } = await attack('/public/x', [['X-A', 'caf\xe9']])
    expect(seen.values('x-a')).toEqual(['caf\xe9'])
  })
})

describe('redirects', () => {
  const credentials: RawRequest['headers'] = [
    ['Cookie', 'session=1'],
    ['X-Api-Key', 'k'],
    ['Authorization', 'Bearer t'],
  ]
  const redirect = (): void =>
    origin.behave({ status: 302, headers: [['Location', `http://localhost:${elsewhere.port}/stolen`]] })

  it('are followed to another host by fetch(url, init), with cookie and API key re-sent', async () => {
    redirect()
    const { answer } = await attack('/follow/x', credentials)
    const seen = await elsewhere.waitForRequest(1, 2_000)
    expect(answer.status).toBe(200)
    expect(seen.target).toBe('/stolen')
    expect(seen.values('cookie')).toEqual(['session=1'])
    expect(seen.values('x-api-key')).toEqual(['k'])
    expect(seen.values('authorization')).toEqual([])
  })

  it('are passed on by fetch(new Request(url, request)), which inherits "manual"', async () => {
    redirect()
    const { answer } = await attack('/public/x', credentials)
    expect(answer.status).toBe(302)
    expect(elsewhere.requests).toHaveLength(0)
  })
})
