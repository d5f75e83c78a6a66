import { describe, expect, it } from 'vitest'
import { anonymous } from '../../../src/anonymous.ts'
import { controlKeys } from '../../../src/control/keys.ts'
import { createGateway, defineRoute, type GatewayOptions } from '../../../src/index.ts'

const operations = { upstash: () => ({}) } as unknown as NonNullable<GatewayOptions['control']>['operations']
const sound = { path: '/_sallyport/control', key: 'CONTROL_KEY', operations }
const routeAt = (path: string) =>
  defineRoute({
    method: 'GET',
    path,
    owner: 'platform',
    sensitivity: 'public',
    authenticate: anonymous(),
    forward: { to: 'ORIGIN_URL' },
  })
const start =
  (control: object, routes = {}) =>
  () =>
    createGateway(routes, { state: { upstash: () => ({}) as never }, control } as unknown as GatewayOptions)

describe('the option control', () => {
  it('starts beside routes of other paths, and beside wider ones', () => {
    const routes = {
      a: routeAt('/_sallyport/*'),
      b: routeAt('/*'),
      c: routeAt('/_sallyport/controls'),
    }
    expect(start(sound, routes)).not.toThrow()
    expect(start({ ...sound, host: 'ops.example.com:8443' })).not.toThrow()
  })

  it.each<[string, object, RegExp, object?]>([
    ['without a path', { ...sound, path: undefined }, /control.path: is missing; write one path/],
    ['with the path of everything', { ...sound, path: '/' }, /control.path: is '\/'/],
    ['with a path of many', { ...sound, path: '/ops/*' }, /control.path: is/],
    ['with a path parameter', { ...sound, path: '/ops/:x' }, /control.path: is/],
    ['with a path that is not canonical', { ...sound, path: '/a/../b' }, /path: .*segment '..'/],
    [
      'with the path of a route',
      sound,
      /control.path: is the path of routes\/own.ts/,
      { own: routeAt('/_sallyport/control') },
    ],
    [
      'in the place of metadata',
      { ...sound, path: '/.well-known/oauth-protected-resource/v1' },
      /control.path: is '\/\.well-known\/.*take another one/,
    ],
    [
      'beside a route of its own id',
      sound,
      /routes\/sallyport-control.ts has the name/,
      { 'sallyport-control': routeAt('/a') },
    ],
    ['with a host that is none', { ...sound, host: 'https://ops' }, /control.host: is not a host name/],
    ['with a host in capitals', { ...sound, host: 'Ops.example.com' }, /control.host/],
    ['without a key', { ...sound, key: '' }, /control.key: is ''; name the Worker secret/],
    ['without operations', { ...sound, operations: undefined }, /control.operations: is missing/],
    [
      'without those of a backend',
      { ...sound, operations: {} },
      /control.operations: has none for the backend 'upstash'/,
    ],
    [
      'with those of a backend that there is not',
      { ...sound, operations: { ...operations, redis: () => ({}) } },
      /control.operations.redis: is not an option/,
    ],
    ['with an option more', { ...sound, hosts: [] }, /control.hosts: is not an option/],
  ])('stops the start %s', (_, control, message, routes) => {
    expect(start(control, routes)).toThrow(TypeError)
    expect(start(control, routes)).toThrow(message)
  })
})

it('a host that is not among PUBLIC_HOSTS is a 503 that names it in the record, before a revocation is urgent', async () => {
  const { fetch } = start({ ...sound, host: 'ops.test' })()
  const lines: string[] = []
  const log = console.log
  console.log = (line: string) => lines.push(line)
  const status = async (hosts: string) => {
    const env = { PUBLIC_HOSTS: hosts, TRUST: 'none', STATE: 'upstash' }
    const request = new Request('http://gw.test/', { headers: { host: 'gw.test' } })
    const later: Promise<unknown>[] = []
    const answer = await fetch(request, env, { waitUntil: (promise) => later.push(promise) })
    await Promise.all(later)
    return answer.status
  }
  try {
    expect(await status('gw.test')).toBe(503)
    expect(lines.join()).toContain('control.host: ops.test is not among PUBLIC_HOSTS')
    expect(await status('gw.test ops.test')).toBe(404)
  } finally {
    console.log = log
  }
})

describe('the keys of commands', () => {
  const text = (id: string, fill: number) => `${id}:hmac-sha256:${Buffer.alloc(32, fill).toString('base64')}`

  it('are read from both slots, and again when a secret changes', () => {
    const keysFrom = controlKeys('CONTROL_KEY')
    const ids = (env: Record<string, string>) => {
      const keys = keysFrom(env)
      return keys.ok ? keys.value.map(({ slot, key }) => `${slot} ${key.id}`) : keys.denial.code
    }
    expect(ids({ CONTROL_KEY: text('a', 1) })).toEqual(['current a'])
    expect(ids({ CONTROL_KEY: text('a', 1), CONTROL_KEY_NEXT: text('b', 2) })).toEqual([
      'current a',
      'next b',
    ])
    expect(ids({ CONTROL_KEY_NEXT: text('b', 2) })).toEqual(['next b'])
    expect(ids({})).toBe('not_configured')
  })

  it.each([
    ['a short secret', 'a:hmac-sha256:c2hvcnQ='],
    ['a private key', `a:ed25519:${Buffer.alloc(48).toString('base64')}`],
    ['text of another form', 'a-canary'],
  ])('are not made of %s, and no word of it is told', (_, secret) => {
    const keys = controlKeys('CONTROL_KEY')({ CONTROL_KEY: secret })
    if (keys.ok) throw new Error('taken')
    expect(keys.denial.code).toBe('not_configured')
    expect(keys.denial.reason).toMatch(/^secret CONTROL_KEY is not of the form/)
    expect(keys.denial.reason).not.toMatch(/canary|c2hvcnQ|AAAA/)
  })
})
