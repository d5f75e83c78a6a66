import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from './harness/gateway.ts'
import { expectRefused, expectRefusedBefore, expectServing, mounts } from './harness/mounts.ts'
import { type RawAnswer, send } from './harness/raw.ts'

const HOST = 'Host: gw.test\r\n'
const JSON_TYPE = 'Content-Type: application/json\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n'
const BODY_CHUNKED = '2\r\n{}\r\n0\r\n\r\n'

describe.each(mounts)('$name', ({ entry, prefix }) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ entry })
  })
  afterEach(() => expectServing(gateway, prefix))
  afterAll(() => gateway?.close())
  const post = (fields: string, body: string): Promise<RawAnswer> =>
    send(gateway.workerd.port, `POST ${prefix}/small HTTP/1.1\r\n${HOST}${JSON_TYPE}${fields}\r\n${body}`)
  const get = (fields: string): Promise<RawAnswer> =>
    send(gateway.workerd.port, `GET ${prefix}/read/x HTTP/1.1\r\n${HOST}${fields}\r\n`)
  const smuggled = `GET ${prefix}/read/smuggled HTTP/1.1\r\n${HOST}\r\n`

  describe('Content-Length and Transfer-Encoding', () => {
    it.each([
      ['Content-Length first', `Content-Length: 12\r\n${CHUNKED}`],
      ['Transfer-Encoding first', `${CHUNKED}Content-Length: 12\r\n`],
      ['a Content-Length that hides the rest', `Content-Length: 200\r\n${CHUNKED}`],
    ])('together are one request: %s', async (_name, fields) => {
      const answer = await post(fields, BODY_CHUNKED + smuggled)
      expect(answer.status).toBe(200)
      expect(answer.rest).toHaveLength(0)
      expect(answer.closed).toBe(true)
      const [seen, ...more] = gateway.origin.requests
      expect(seen?.target).toBe(`${prefix}/small`)
      expect(seen?.body.toString()).toBe('{}')
      expect(seen?.values('content-length')).toEqual(['2'])
      expect(seen?.values('transfer-encoding')).toEqual([])
      expect(more).toEqual([])
    })

    it.each(['+2', '0x2', '-1', '2, 2', '2 2', '', '99999999999999999999'])(
      'malformed are refused by the runtime: Content-Length "%s"',
      async (length) => {
        expectRefusedBefore(gateway, await post(`Content-Length: ${length}\r\n`, '{}'), 400)
      },
    )

    it('that differ are refused by the runtime', async () => {
      const answer = await post('Content-Length: 2\r\nContent-Length: 5\r\n', '{}   ')
      expectRefusedBefore(gateway, answer, 400)
    })

    it('that agree twice are one, and the origin sees one', async () => {
      expect((await post('Content-Length: 2\r\nContent-Length: 2\r\n', '{}')).status).toBe(200)
      expect(gateway.origin.requests.map((seen) => seen.values('content-length'))).toEqual([['2']])
    })

    it.each(['xchunked', 'identity', 'chunked, identity', '\x0bchunked'])(
      'malformed are refused by the runtime: Transfer-Encoding "%s"',
      async (coding) => {
        expectRefusedBefore(gateway, await post(`Transfer-Encoding: ${coding}\r\n`, BODY_CHUNKED), 400)
      },
    )

    it('with a space before the colon is refused by the runtime', async () => {
      expectRefusedBefore(gateway, await post('Transfer-Encoding : chunked\r\n', BODY_CHUNKED), 400)
    })

    it.each(['gzip, chunked', 'chunked, chunked', 'deflate,chunked'])(
      'that the runtime takes and others read differently are refused: Transfer-Encoding "%s"',
      async (coding) => {
        const answer = await post(`Transfer-Encoding: ${coding}\r\n`, BODY_CHUNKED)
        expectRefused(gateway, answer, 400, 'malformed_header')
      },
    )

    it('in two lines is refused', async () => {
      expectRefused(gateway, await post(CHUNKED + CHUNKED, BODY_CHUNKED), 400, 'malformed_header')
    })

    it('on a GET: a body is refused, and is not the next request', async () => {
      const answer = await send(
        gateway.workerd.port,
        `GET ${prefix}/read/x HTTP/1.1\r\n${HOST}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
      )
      expectRefused(gateway, answer, 400, 'body_not_expected')
      expect(answer.rest).toHaveLength(0)
    })

    it('on a GET: a length of zero is no body', async () => {
      expect((await get('Content-Length: 0\r\n')).status).toBe(200)
      expect(gateway.origin.requests[0]?.values('content-length')).toEqual([])
    })
  })

  describe('chunks', () => {
    it.each(['2;', '2;a=b', '2;a\x01', '2;Content-Length: 0'])(
      'the extension "%s" reaches nobody',
      async (size) => {
        expect((await post(CHUNKED, `${size}\r\n{}\r\n0\r\n\r\n`)).status).toBe(200)
        const [seen] = gateway.origin.requests
        expect(seen?.body.toString()).toBe('{}')
        expect(seen?.values('content-length')).toEqual(['2'])
      },
    )

    it('trailer fields become no header', async () => {
      const answer = await post(
        `${CHUNKED}Trailer: Authorization, Content-Type\r\n`,
        '2\r\n{}\r\n0\r\nAuthorization: Bearer t\r\nContent-Type: text/plain\r\nSallyport-Id: t\r\n\r\n',
      )
      expect(answer.status).toBe(200)
      const [seen] = gateway.origin.requests
      expect(seen?.values('authorization')).toEqual([])
      expect(seen?.values('trailer')).toEqual([])
      expect(seen?.values('content-type')).toEqual(['application/json'])
      expect(seen?.trailers).toEqual([])
    })

    it.each([
      ['a bare LF after the size', '2\n{}\n0\n\n'],
      ['a hexadecimal prefix', '0x2\r\n{}\r\n0\r\n\r\n'],
      ['bytes beyond the size', '2\r\n{}XX\r\n0\r\n\r\n'],
      ['a size that is none', 'zz\r\n{}\r\n0\r\n\r\n'],
      ['a negative size', '-2\r\n{}\r\n0\r\n\r\n'],
      ['a size beyond 64 bits', `${'f'.repeat(17)}\r\n{}\r\n0\r\n\r\n`],
    ])('are never forwarded with %s', async (_name, body) => {
      const answer = await post(CHUNKED, body)
      expectRefused(gateway, answer, 400, 'body_truncated')
      expect(answer.closed).toBe(true)
      expect(answer.rest).toHaveLength(0)
    })

    it('beyond the cap are refused without being collected', async () => {
      const answer = await post(CHUNKED, `100000\r\n${' '.repeat(200_000)}`)
      expectRefused(gateway, answer, 413, 'body_too_large')
    })

    it('in single bytes are one body', async () => {
      const bytes = [...'{"a":1}'].map((byte) => `1\r\n${byte}\r\n`).join('')
      expect((await post(CHUNKED, `${bytes}0\r\n\r\n`)).status).toBe(200)
      expect(gateway.origin.requests[0]?.body.toString()).toBe('{"a":1}')
    })
  })

  describe('header bytes', () => {
    it.each([
      ['a NUL', 'X-A: a\0b\r\n'],
      ['a bare CR', 'X-A: a\rX-B: b\r\n'],
      ['a folded line', 'X-A: a\r\n b\r\n'],
      ['a space in a name', 'X A: 1\r\n'],
      ['a line without a colon', 'nonsense\r\n'],
      ['an empty name', ': 1\r\n'],
    ])('the runtime refuses %s', async (_name, fields) => {
      expectRefusedBefore(gateway, await get(fields), 400)
    })

    it.each(['\x01', '\x08', '\x0b', '\x1b', '\x7f'])(
      'a control character that the runtime lets by is refused: %j',
      async (byte) => {
        expectRefused(gateway, await get(`X-A: a${byte}b\r\n`), 400, 'malformed_header')
      },
    )

    it('a tab inside a value is a space', async () => {
      expect((await get('X-A: a\tb\r\n')).status).toBe(200)
      expect(gateway.origin.requests[0]?.values('x-a')).toEqual(['a\tb'])
    })

    it('a bare LF ends a line, for the gateway as for the origin', async () => {
      expect((await get('X-A: 1\nSallyport-Id: forged\r\n')).status).toBe(200)
      const [seen] = gateway.origin.requests
      expect(seen?.values('x-a')).toEqual(['1'])
      expect(seen?.head.toString()).not.toContain('forged')
    })

    it('a byte outside UTF-8 arrives as the U+FFFD that was seen, never as another byte', async () => {
      expect((await get('X-A: caf\xe9\r\n')).status).toBe(200)
      expect(gateway.origin.requests[0]?.values('x-a')).toEqual(['caf\xef\xbf\xbd'])
    })

    it('a byte outside ASCII in a signature refuses it', async () => {
      const answer = await send(
        gateway.workerd.port,
        `POST ${prefix}/webhooks/github HTTP/1.1\r\n${HOST}${JSON_TYPE}X-GitHub-Event: push\r\nX-Hub-Signature-256: sha256=${'\xe9'.repeat(64)}\r\nContent-Length: 2\r\n\r\n{}`,
      )
      expectRefused(gateway, answer, 401, 'signature_refused')
    })
  })

  describe('sizes', () => {
    const named = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: 1\r\n`).join('')

    it.each([
      ['a header of 33 KB', `X-A: ${'a'.repeat(33_000)}\r\n`],
      ['a header of 128 KB', `X-A: ${'a'.repeat(131_072)}\r\n`],
      [
        'many headers of 33 KB together',
        Array.from({ length: 33 }, (_, i) => `X-${i}: ${'a'.repeat(1000)}\r\n`).join(''),
      ],
      ['one header name in 3000 lines', 'X-A: 0123456789\r\n'.repeat(3000)],
      ['101 headers', named(100)],
      ['600 headers', named(600)],
    ])('refuses %s', async (_name, fields) => {
      expectRefused(gateway, await get(fields), 431, 'headers_too_large')
    })

    it('leaves a header of 1.2 MB to the runtime, which refuses it', async () => {
      expectRefusedBefore(gateway, await get(`X-A: ${'a'.repeat(1_200_000)}\r\n`), 431)
    })

    it('takes 100 headers, and 30 KB of them', async () => {
      expect((await get(named(99))).status).toBe(200)
      expect((await get(`X-A: ${'a'.repeat(30_000)}\r\n`)).status).toBe(200)
      expect(gateway.origin.requests).toHaveLength(2)
    })
  })

  it('answers two pipelined requests as two', async () => {
    const answer = await send(
      gateway.workerd.port,
      `GET ${prefix}/admin/x HTTP/1.1\r\n${HOST}\r\n${smuggled}`,
    )
    expect(answer.status).toBe(403)
    await gateway.origin.waitForRequest(1, 5_000)
    expect(gateway.origin.requests.map(({ target }) => target)).toEqual([`${prefix}/read/smuggled`])
  })
})
