import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from './harness/gateway.ts'
import { expectRefused, expectRefusedBefore, expectServing, mounts } from './harness/mounts.ts'
import { send } from './harness/raw.ts'

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(() => expectServing(gateway, prefix))
  afterAll(() => gateway?.close())
  const withHost = (host: string, target = `${prefix}/read/x`) => gateway.call({ host, target })
  const raw = (fields: string) => send(gateway.workerd.port, `GET ${prefix}/read/x HTTP/1.1\r\n${fields}\r\n`)

  describe('refuses a Host with', () => {
    it.each([
      ['a path', `gw.test${prefix}/read`, 'malformed_host'],
      ['an open path and a query that swallows the target', `gw.test${prefix}/read/x?`, 'malformed_host'],
      ['a climbing path', `gw.test${prefix}/read/../admin/x?`, 'malformed_host'],
      ['userinfo', 'a@gw.test', 'malformed_host'],
      ['userinfo that looks like the host', 'gw.test@evil.test', 'malformed_host'],
      ['a fragment', 'gw.test#x', 'malformed_host'],
      ['a query', 'gw.test?x=', 'malformed_host'],
      ['a backslash', 'gw.test\\x', 'malformed_host'],
      ['a space', 'gw.test x', 'malformed_host'],
      ['an empty port', 'gw.test:', 'malformed_host'],
      ['a port in letters', 'gw.test:http', 'malformed_host'],
      ['two ports', 'gw.test:80:80', 'malformed_host'],
      ['an IPv6 literal', '[::1]', 'malformed_host'],
      ['a final dot', 'gw.test.', 'malformed_host'],
      ['a leading dot', '.gw.test', 'malformed_host'],
      ['an underscore', 'gw_test', 'malformed_host'],
      ['an escape', 'gw%2etest', 'malformed_host'],
      ['two names', 'gw.test, evil.test', 'malformed_host'],
      ['two equal names', 'gw.test, gw.test', 'malformed_host'],
      ['letters outside ASCII', 'gw.t\xc3\xa9st', 'malformed_host'],
      ['a port beyond 65535', 'gw.test:99999', 'host_not_served'],
      ['another port', 'gw.test:8443', 'host_not_served'],
      ['the port of the other scheme', 'gw.test:443', 'host_not_served'],
      ['a foreign name', 'evil.test', 'host_not_served'],
      ['a prefix of the name', 'gw.tes', 'host_not_served'],
      ['a suffix of the name', 'w.test', 'host_not_served'],
      ['a subdomain', 'x.gw.test', 'host_not_served'],
      ['the name as subdomain of another', 'gw.test.evil.test', 'host_not_served'],
      ['the loopback', '127.0.0.1', 'host_not_served'],
    ])('%s', async (_name, host, code) => {
      expectRefused(gateway, await withHost(host), 400, code)
    })
  })

  it('refuses a Host with a path even where the target itself is guarded or unknown', async () => {
    for (const target of [`${prefix}/admin/x`, '/x', '/']) {
      const answer = await withHost(`gw.test${prefix}/read/x?`, target)
      expectRefused(gateway, answer, 400, 'malformed_host')
    }
  })

  it('refuses two Host lines, also equal ones', async () => {
    for (const second of ['evil.test', 'gw.test']) {
      const answer = await raw(`Host: gw.test\r\nHost: ${second}\r\n`)
      expectRefused(gateway, answer, 400, 'malformed_host')
    }
  })

  it.each([
    ['no Host', ''],
    ['an empty Host', 'Host: \r\n'],
    ['a Host outside UTF-8', 'Host: \xe9.test\r\n'],
  ])('leaves %s to the runtime, which refuses it', async (_name, fields) => {
    expectRefusedBefore(gateway, await raw(fields), 400)
  })

  it.each(['GW.Test', 'gw.test:80'])('takes %s for gw.test, and tells the origin that', async (host) => {
    expect((await withHost(host)).status).toBe(200)
    const [seen] = gateway.origin.requests
    expect(seen?.values('host')).toEqual([`127.0.0.1:${gateway.origin.port}`])
    expect(seen?.values('sallyport-host')).toEqual(['gw.test'])
    expect(seen?.values('x-forwarded-host')).toEqual(['gw.test'])
  })

  it.each([
    'X-Forwarded-Host',
    'X-Host',
    'X-HTTP-Host-Override',
    'Forwarded',
    'X-Original-Host',
    'MF-Original-URL',
  ])('decides on Host and not on %s', async (name) => {
    const answer = await gateway.call({
      host: 'evil.test',
      target: `${prefix}/read/x`,
      headers: [[name, name === 'Forwarded' ? 'host=gw.test' : 'http://gw.test/']],
    })
    expectRefused(gateway, answer, 400, 'host_not_served')
  })

  it.each(['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Uri', 'X-Envoy-Original-Path', 'MF-Original-URL'])(
    'decides on the target and not on %s',
    async (name) => {
      const headers: [string, string][] = [[name, `http://gw.test${prefix}/read/x`]]
      const guarded = await gateway.call({ target: `${prefix}/admin/x`, headers })
      expectRefused(gateway, guarded, 403, 'client_denied')
      const open = await gateway.call({
        target: `${prefix}/read/x`,
        headers: [[name, `http://gw.test${prefix}/admin/x`]],
      })
      expect(open.status).toBe(200)
      expect(gateway.origin.requests.map(({ target }) => target)).toEqual([`${prefix}/read/x`])
    },
  )
})
