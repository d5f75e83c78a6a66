import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { one, startGateway, type TestGateway } from './harness/gateway.ts'
import { expectServing, mounts } from './harness/mounts.ts'
import { type Origin, startOrigin } from './harness/origin.ts'

let elsewhere: Origin
beforeAll(async () => {
  elsewhere = await startOrigin()
})
afterAll(() => elsewhere?.close())

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(() => expectServing(gateway, prefix))
  afterAll(() => gateway?.close())

  async function redirected(location: string, status = 302) {
    gateway.origin.behave({ status, headers: [['Location', location]], body: '' })
    const answer = await gateway.call({
      target: `${prefix}/read/x`,
      headers: [
        ['Cookie', 'session=1'],
        ['Authorization', 'Bearer t'],
      ],
    })
    expect(answer.status).toBe(status)
    expect(gateway.origin.requests).toHaveLength(1)
    return one(answer, 'location')
  }

  it.each([301, 302, 303, 307, 308])(
    'passes a %i to another host on, and follows it nowhere',
    async (status) => {
      const location = `${elsewhere.url}/stolen`
      expect(await redirected(location, status)).toBe(location)
      expect(elsewhere.requests).toEqual([])
    },
  )

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_x',
    '//evil.test/x',
    'javascript:alert(1)',
    '/relative',
    'also-relative?x=1',
    'http://',
  ])('passes Location "%s" on as it is, and follows it nowhere', async (location) => {
    expect(await redirected(location)).toBe(location)
  })

  it('follows no loop of the origin to itself', async () => {
    expect(await redirected(`${prefix}/read/x`)).toBe(`${prefix}/read/x`)
  })

  it.each([
    ['as fetch would write it', () => `${gateway.origin.url}/a/b?c=d#e`, '/a/b?c=d#e'],
    ['without a path', () => gateway.origin.url, '/'],
    ['without a path, but a query', () => `${gateway.origin.url}?x`, '/?x'],
    ['without a scheme', () => `//127.0.0.1:${gateway.origin.port}/a`, '/a'],
    ['in upper case', () => `HTTP://127.0.0.1:${gateway.origin.port}/A`, '/A'],
    ['over https', () => `https://127.0.0.1:${gateway.origin.port}/a`, '/a'],
    ['with userinfo', () => `http://u:p@127.0.0.1:${gateway.origin.port}/a`, '/a'],
    ['with backslashes', () => `\\\\127.0.0.1:${gateway.origin.port}/a`, '/a'],
  ])(
    'turns the origin’s own address %s into the public one, so that nobody goes around the gateway',
    async (_name, location, path) => {
      expect(await redirected(location())).toBe(`http://gw.test${path}`)
    },
  )

  it('leaves an address that only begins like the origin’s alone', async () => {
    const location = `${gateway.origin.url}0/x`
    expect(await redirected(location)).toBe(location)
  })
})

describe('a destination that the deployment got wrong', () => {
  it.each([
    ['a file', 'file:///etc/passwd'],
    ['another scheme', 'ftp://127.0.0.1/'],
    ['a data URL', 'data:application/json,{}'],
    ['a query', 'http://127.0.0.1:1/?x='],
    ['a fragment', 'http://127.0.0.1:1/#x'],
    ['userinfo', 'http://u:p@127.0.0.1:1/'],
    ['no URL', 'origin'],
    ['nothing', ''],
  ])('with %s answers 503 and fetches nothing', async (_name, url) => {
    const gateway = await startGateway({ entry: 'test/wire/workers/alone.ts', bindings: { ORIGIN_URL: url } })
    try {
      const answer = await gateway.call({ target: '/read/x' })
      expect(answer.status).toBe(503)
      const record = await gateway.recordOf(answer)
      expect(record).toMatchObject({ code: 'not_configured', stage: 'forward', originStatus: null })
      expect(record.reason).toContain('ORIGIN_URL')
      if (url !== '') expect(record.reason + answer.text).not.toContain(url)
      expect(gateway.origin.requests).toEqual([])
    } finally {
      await gateway.close()
    }
  })

  it.each([
    ['PUBLIC_HOSTS', { PUBLIC_HOSTS: '' }],
    ['TRUST', { TRUST: 'everybody' }],
    ['STATE', { STATE: 'memory' }],
    ['PROOF_KEY', { PROOF_KEY: '' }],
    ['PROOF_KEY', { PROOF_KEY: 'proof-key-canary-without-form' }],
  ])('by %s answers 503, says so in the record only, and forwards nothing', async (name, bindings) => {
    const gateway = await startGateway({ entry: 'test/wire/workers/alone.ts', bindings: bindings as never })
    try {
      const answer = await gateway.call({ target: '/read/x' })
      expect(answer.status).toBe(503)
      expect(answer.text).not.toContain(name)
      const record = await gateway.recordOf(answer)
      expect(record.code).toBe('not_configured')
      expect(record.reason).toContain(name)
      expect(JSON.stringify(record)).not.toContain('canary')
      expect(gateway.origin.requests).toEqual([])
    } finally {
      await gateway.close()
    }
  })
})
