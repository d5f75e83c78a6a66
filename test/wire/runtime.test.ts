import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RawAnswer, send } from './harness/raw.ts'
import { startWorkerd, type Workerd } from './harness/workerd.ts'

// Facts about bare workerd, pinned so that a new version that decides otherwise is noticed.

interface Seen {
  method: string
  url: string
  headers: [string, string][]
  cf: { clientIp?: string } | null
  hasBody: boolean
  body: string | null
  redirect: string
}

let workerd: Workerd
beforeAll(async () => {
  workerd = await startWorkerd({ entry: 'test/wire/workers/echo.ts' })
})
afterAll(() => workerd?.kill())

const HOST = 'Host: gw.test\r\n'
const get = (target: string, fields = ''): Promise<RawAnswer> =>
  send(workerd.port, `GET ${target} HTTP/1.1\r\n${HOST}${fields}\r\n`)
const post = (fields: string, body: string): Promise<RawAnswer> =>
  send(workerd.port, `POST /x HTTP/1.1\r\n${HOST}${fields}\r\n${body}`)
const withHost = (fields: string): Promise<RawAnswer> =>
  send(workerd.port, `GET /x HTTP/1.1\r\n${fields}\r\n`)
const CHUNKED = 'Transfer-Encoding: chunked\r\n'
const HI_CHUNKED = '2\r\nhi\r\n0\r\n\r\n'

function seenIn(answer: RawAnswer): Seen {
  expect(answer.status).toBe(200)
  return JSON.parse(answer.text) as Seen
}
const field = (seen: Seen, name: string): string | undefined => new Map(seen.headers).get(name)

describe('workerd refuses before the Worker runs', () => {
  it.each([
    ['no Host', () => withHost(''), 400, 'Bad Request'],
    ['an empty Host', () => withHost('Host: \r\n'), 400, 'Bad Request'],
    ['a Host outside UTF-8', () => withHost('Host: \xe9.test\r\n'), 400, 'Bad Request'],
    [
      'CONNECT',
      () => send(workerd.port, `CONNECT evil:443 HTTP/1.1\r\n${HOST}\r\n`),
      500,
      'Internal Server Error',
    ],
    [
      'an unknown method',
      () => send(workerd.port, `TRACK /x HTTP/1.1\r\n${HOST}\r\n`),
      501,
      'Unrecognized request method',
    ],
    [
      'a method in lower case',
      () => send(workerd.port, `get /x HTTP/1.1\r\n${HOST}\r\n`),
      501,
      'Unrecognized request method',
    ],
    [
      'two differing Content-Lengths',
      () => post('Content-Length: 2\r\nContent-Length: 5\r\n', 'hello'),
      400,
      'content-length',
    ],
    [
      'Transfer-Encoding with a space before the colon',
      () => post('Transfer-Encoding : chunked\r\n', HI_CHUNKED),
      400,
      'HTTP header',
    ],
    ['a NUL in a header', () => get('/a', 'X-A: a\0b\r\n'), 400, 'HTTP header'],
    ['a bare CR in a header', () => get('/a', 'X-A: a\rX-B: b\r\n'), 400, 'HTTP header'],
    ['a folded header (obs-fold)', () => get('/a', 'X-A: a\r\n b\r\n'), 400, 'HTTP header'],
    ['a space in a header name', () => get('/a', 'X A: 1\r\n'), 400, 'HTTP header'],
    ['a 1.2 MB header', () => get('/a', `X-A: ${'a'.repeat(1_200_000)}\r\n`), 431, 'too large'],
    ['a 140 KB target', () => get(`/${'a'.repeat(140_000)}`), 414, 'URI too long'],
    ['a target outside UTF-8', () => get('/\xe9'), 400, 'invalid URI'],
    ['a control character in the target', () => get('/a\x01'), 400, 'invalid URI'],
    ['a space in the target', () => get('/a b'), 400, 'HTTP version'],
    ['a query without a path', () => get('?a=1'), 400, 'invalid URI'],
  ])('%s', async (_name, ask, status, text) => {
    const answer = await ask()
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(text)
  })

  it.each(['+2', '0x2', '-1', '2, 2', '', '2.0', '2 2', '99999999999999999999'])(
    'Content-Length "%s"',
    async (length) => {
      const answer = await post(`Content-Length: ${length}\r\n`, 'hi')
      expect(answer).toMatchObject({ status: 400, text: 'invalid content-length parsed', closed: true })
    },
  )

  it.each(['xchunked', 'identity', 'gzip', 'chunked, identity', 'chunked;q=1', '', '\x0bchunked'])(
    'Transfer-Encoding "%s"',
    async (coding) => {
      const answer = await post(`Transfer-Encoding: ${coding}\r\n`, HI_CHUNKED)
      expect(answer).toMatchObject({ status: 400, text: 'invalid transfer-encoding parsed', closed: true })
    },
  )

  it.each([
    ['a bare LF after the chunk size', '2\nhi\n0\n\n'],
    ['a hexadecimal prefix on the chunk size', '0x2\r\nhi\r\n0\r\n\r\n'],
    ['bytes beyond the chunk size', '2\r\nhiXX\r\n0\r\n\r\n'],
  ])('%s, by closing without an answer once the Worker reads the body', async (_name, body) => {
    expect(await post(CHUNKED, body)).toMatchObject({ status: 0, closed: true })
  })
})

describe('workerd accepts, and leaves to the Worker', () => {
  it.each([
    ['bare LF as line ending', () => send(workerd.port, 'GET /a HTTP/1.1\nHost: gw.test\n\n')],
    [
      'a bare LF after one field',
      () => send(workerd.port, 'GET /a HTTP/1.1\r\nHost: gw.test\nX-A: 1\r\n\r\n'),
    ],
    ['an empty line before the request', () => send(workerd.port, `\r\nGET /a HTTP/1.1\r\n${HOST}\r\n`)],
    ['HTTP/1.0 with a Host', () => send(workerd.port, `GET /a HTTP/1.0\r\n${HOST}\r\n`)],
  ])('%s', async (_name, ask) => {
    expect(seenIn(await ask()).url).toBe('http://gw.test/a')
  })

  it.each(['TRACE', 'PURGE', 'PROPFIND', 'QUERY', 'LOCK', 'SEARCH'])('the method %s', async (method) => {
    expect(seenIn(await send(workerd.port, `${method} /x HTTP/1.1\r\n${HOST}\r\n`)).method).toBe(method)
  })

  it('two Hosts, joined in the header and in the URL', async () => {
    const seen = seenIn(await withHost('Host: gw.test\r\nHost: evil.test\r\n'))
    expect(seen.url).toBe('http://gw.test, evil.test/x')
    expect(field(seen, 'host')).toBe('gw.test, evil.test')
  })

  it.each([
    'gw/public/../admin/x?',
    'a@gw',
    'gw:99999',
    'gw:',
    'GW.Test',
    'gw#x',
    'gw\\x',
    '[::1]:80',
    'gw.test.',
    'a b',
    '?',
  ])('Host "%s", pasted into request.url as it is', async (host) => {
    const seen = seenIn(await withHost(`Host: ${host}\r\n`))
    expect(seen.url).toBe(`http://${host}/x`)
    expect(field(seen, 'host')).toBe(host)
  })

  it.each([
    ['Content-Length before Transfer-Encoding', `Content-Length: 6\r\n${CHUNKED}`],
    ['Transfer-Encoding before Content-Length', `${CHUNKED}Content-Length: 6\r\n`],
  ])(
    '%s: the coding wins, the length is gone, the connection closes, nothing is smuggled',
    async (_name, fields) => {
      const before = workerd.lines.length
      const answer = await post(fields, '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n')
      const seen = seenIn(answer)
      expect(seen).toMatchObject({ method: 'POST', hasBody: true, body: '' })
      expect(field(seen, 'content-length')).toBeUndefined()
      expect(field(seen, 'transfer-encoding')).toBe('chunked')
      expect(answer.closed).toBe(true)
      expect(answer.rest).toHaveLength(0)
      expect(workerd.lines.slice(before)).toEqual(['echo POST http://gw.test/x'])
    },
  )

  it.each(['02', '2'])('Content-Length "%s", also twice', async (length) => {
    const line = `Content-Length: ${length}\r\n`
    expect(field(seenIn(await post(line, 'hi')), 'content-length')).toBe(length)
    expect(seenIn(await post(line + line, 'hi')).body).toBe('hi')
  })

  it.each(['chunked', 'Chunked', 'gzip, chunked', 'chunked, chunked'])(
    'Transfer-Encoding "%s", unchunked once',
    async (coding) => {
      const seen = seenIn(await post(`Transfer-Encoding: ${coding}\r\n`, HI_CHUNKED))
      expect(seen.body).toBe('hi')
      expect(field(seen, 'transfer-encoding')).toBe(coding)
    },
  )

  it.each(['2;a=b', '2;', '2;a\x01'])('the chunk extension "%s", dropped', async (size) => {
    expect(seenIn(await post(CHUNKED, `${size}\r\nhi\r\n0\r\n\r\n`)).body).toBe('hi')
  })

  it('trailer fields, dropped: none becomes a header', async () => {
    const seen = seenIn(
      await post(`${CHUNKED}Trailer: Authorization\r\n`, '2\r\nhi\r\n0\r\nAuthorization: t\r\n\r\n'),
    )
    expect(seen.body).toBe('hi')
    expect(field(seen, 'authorization')).toBeUndefined()
    expect(field(seen, 'trailer')).toBe('Authorization')
  })

  it('a control character and DEL in a header value', async () => {
    expect(field(seenIn(await get('/a', 'X-A: a\x01b\x7f\r\n')), 'x-a')).toBe('a\x01b\x7f')
  })

  it('two pipelined requests, answered in order', async () => {
    const answer = await send(workerd.port, `GET /1 HTTP/1.1\r\n${HOST}\r\nGET /2 HTTP/1.1\r\n${HOST}\r\n`)
    expect(seenIn(answer).url).toBe('http://gw.test/1')
    expect(await workerd.waitForLine((line) => line.endsWith('http://gw.test/2'), 2_000)).toContain('GET')
  })
})

describe('request.url is the raw target behind the raw Host', () => {
  const targets =
    "/a/../b /a/%2e%2e/b /a/.%2E/b /./a /a\\..\\b /a%2fb /a%5cb /%zz /% /%00 /%c0%ae /%41 //evil.test/a /a? /a?x=%zz /a?x=../b /a' /a;b"
  it.each(targets.split(' '))('for %s', async (target) => {
    expect(seenIn(await get(target)).url).toBe(`http://gw.test${target}`)
  })

  it.each([
    ['raw UTF-8, decoded and not percent-encoded', '/\xc3\xa9?x=\xc3\xa9', 'http://gw.test/é?x=é'],
    ['a fragment, cut', '/public/a#/../../admin', 'http://gw.test/public/a'],
    [
      'absolute-form, its authority lost to Host',
      'http://u:p@evil.test/admin?q=1',
      'http://gw.test/admin?q=1',
    ],
    ['absolute-form with https, its scheme lost', 'https://evil.test/admin', 'http://gw.test/admin'],
    ['asterisk-form, pasted to the host', '*', 'http://gw.test*'],
    ['a target without a slash, lost', 'admin', 'http://gw.test/'],
  ])('except %s', async (_name, target, url) => {
    expect(seenIn(await get(target)).url).toBe(url)
  })
})

describe('the Worker sees', () => {
  it('Connection and every other hop-by-hop header', async () => {
    const fields: [string, string][] = [
      ['connection', 'close, X-Hop'],
      ['expect', '200-maybe'],
      ['http2-settings', 'AAA'],
      ['keep-alive', '5'],
      ['proxy-connection', 'x'],
      ['te', 'trailers'],
      ['trailer', 'x'],
      ['upgrade', 'h2c'],
      ['x-hop', '1'],
    ]
    const seen = seenIn(await get('/a', fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')))
    expect(seen.headers).toEqual(
      [...fields, ['host', 'gw.test']].sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    )
  })

  it('the peer as request.cf.clientIp with its port, and nothing else in request.cf', async () => {
    const { cf } = seenIn(await get('/a', 'CF-Connecting-IP: 1.1.1.1\r\n'))
    expect(Object.keys(cf ?? {})).toEqual(['clientIp'])
    expect(cf?.clientIp).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it('a CF-Connecting-IP of the client unchanged, and none when it sent none', async () => {
    expect(field(seenIn(await get('/a', 'CF-Connecting-IP: 1.1.1.1\r\n')), 'cf-connecting-ip')).toBe(
      '1.1.1.1',
    )
    expect(field(seenIn(await get('/a')), 'cf-connecting-ip')).toBeUndefined()
  })

  it('repeated headers joined with a comma, cookies too', async () => {
    const seen = seenIn(await get('/a', 'Cookie: a=1\r\nCookie: b=2\r\nX-Api-Key: a\r\nX-Api-Key: b\r\n'))
    expect([field(seen, 'cookie'), field(seen, 'x-api-key')]).toEqual(['a=1, b=2', 'a, b'])
  })

  it('U+FFFD for a header byte outside UTF-8', async () => {
    expect(field(seenIn(await get('/a', 'X-A: caf\xe9\r\n')), 'x-a')).toBe('caf\ufffd')
  })

  it('a body on GET, an empty one for Content-Length 0, none without framing', async () => {
    expect(
      seenIn(await send(workerd.port, `GET /x HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\nhi`)).body,
    ).toBe('hi')
    expect(seenIn(await post('Content-Length: 0\r\n', ''))).toMatchObject({ hasBody: true, body: '' })
    expect(seenIn(await post('', ''))).toMatchObject({ hasBody: false, body: null })
  })

  it('Expect: 100-continue, answered by workerd itself when the body is read', async () => {
    const answer = await post('Expect: 100-continue\r\nContent-Length: 2\r\n', 'hi')
    expect(answer.interim).toEqual([100])
    expect(field(seenIn(answer), 'expect')).toBe('100-continue')
  })

  it('redirect "manual" on the incoming request', async () => {
    expect(seenIn(await get('/a')).redirect).toBe('manual')
  })
})
