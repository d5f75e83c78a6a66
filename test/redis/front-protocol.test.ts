import { request } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startUnderTest, TOKEN, type UnderTest } from './front-under-test.ts'

let under: UnderTest
beforeAll(async () => {
  under = await startUnderTest()
})
afterEach(async () => {
  await under.front.raw(['FLUSHALL'])
})
afterAll(() => under.stop())

const BASE64 = { authorization: `Bearer ${TOKEN}`, 'upstash-encoding': 'base64' }
const BODIES: readonly [path: string, body: unknown][] = [
  ['/', ['SET', 'stolen', '1']],
  ['/pipeline', [['SET', 'stolen', '1']]],
  ['/multi-exec', [['SET', 'stolen', '1']]],
]

describe.each(BODIES)('the token on %s', (path, body) => {
  it.each([
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['a longer token', { authorization: `Bearer ${TOKEN}x` }],
    ['a prefix of the token', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['no token', {}],
    ['an empty token', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
  ])('refuses %s and runs nothing', async (_, headers: Record<string, string>) => {
    const before = under.front.calls.length
    expect(await under.post(path, body, headers)).toEqual({
      status: 401,
      body: { error: 'WRONGPASS invalid or missing auth token' },
    })
    expect(await under.front.raw(['EXISTS', 'stolen'])).toBe(0)
    // What a stranger sends is not even kept.
    expect(under.front.calls.slice(before)).toEqual([
      { path, commands: [], at: expect.any(Number), authorized: false },
    ])
  })

  it('runs the command with the right token', async () => {
    expect((await under.post(path, body)).status).toBe(200)
    expect(await under.front.raw(['GET', 'stolen'])).toBe('1')
  })
})

describe('answers', () => {
  it('tells strings, integers, null and nested arrays apart', async () => {
    await under.post('/', ['SET', 'a', '12'])
    expect((await under.post('/', ['GET', 'a'])).body).toEqual({ result: '12' })
    expect((await under.post('/', ['INCR', 'a'])).body).toEqual({ result: 13 })
    expect((await under.post('/', ['GET', 'none'])).body).toEqual({ result: null })
    expect((await under.post('/', ['EVAL', "return {1,'x',{2,{'y'}},false}", 0])).body).toEqual({
      result: [1, 'x', [2, ['y']], null],
    })
  })

  it('encodes every string but a lone OK in base64, where it is asked for', async () => {
    expect((await under.post('/', ['SET', 'a', 'OK'], BASE64)).body).toEqual({ result: 'OK' })
    expect((await under.post('/', ['GET', 'a'], BASE64)).body).toEqual({ result: 'T0s=' })
    expect((await under.post('/', ['PING'], BASE64)).body).toEqual({ result: 'UE9ORw==' })
    expect((await under.post('/', ['GET', 'none'], BASE64)).body).toEqual({ result: null })
    expect((await under.post('/', ['EVAL', "return {1,'x',{2,{'y'}},{ok='OK'}}", 0], BASE64)).body).toEqual({
      result: [1, 'eA==', [2, ['eQ==']], 'T0s='],
    })
    expect((await under.post('/pipeline', [['GET', 'a'], ['NOPE']], BASE64)).body).toEqual([
      { result: 'T0s=' },
      { error: expect.stringMatching(/^ERR unknown command 'NOPE'/) },
    ])
    expect(
      (
        await under.post(
          '/multi-exec',
          [
            ['SET', 'b', 'c'],
            ['GET', 'b'],
          ],
          BASE64,
        )
      ).body,
    ).toEqual([{ result: 'OK' }, { result: 'Yw==' }])
  })

  it('carries bytes that are not UTF-8 in base64, and U+FFFD without it', async () => {
    await under.post('/', ['SETBIT', 'a', 0, 1])
    expect((await under.post('/', ['GET', 'a'], BASE64)).body).toEqual({ result: 'gA==' })
    expect((await under.post('/', ['GET', 'a'])).body).toEqual({ result: '\uFFFD' })
  })

  it('takes numbers and booleans in a command as their text', async () => {
    await under.post('/', ['RPUSH', 'l', 1, 2.5, true, -0.001])
    expect((await under.post('/', ['LRANGE', 'l', 0, -1])).body).toEqual({
      result: ['1', '2.5', 'true', '-0.001'],
    })
  })
})

describe('errors', () => {
  it('gives the text of Redis with status 400', async () => {
    expect(await under.post('/', ['GET'])).toEqual({
      status: 400,
      body: { error: "ERR wrong number of arguments for 'get' command" },
    })
    await under.post('/', ['SET', 'a', 'x'])
    expect(await under.post('/', ['LPUSH', 'a', '1'])).toEqual({
      status: 400,
      body: { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
    })
  })

  it('keeps the order of a pipeline and the error of each command beside the results of others', async () => {
    const commands = [['SET', 'a', 'x'], ['INCR', 'a'], ['GET', 'a'], ['NOPE'], ['DEL', 'a']]
    expect(await under.post('/pipeline', commands)).toEqual({
      status: 200,
      body: [
        { result: 'OK' },
        { error: 'ERR value is not an integer or out of range' },
        { result: 'x' },
        { error: expect.stringMatching(/^ERR unknown command/) },
        { result: 1 },
      ],
    })
  })

  it('discards a whole transaction for one command that Redis does not take', async () => {
    expect(await under.post('/multi-exec', [['SET', 'a', '1'], ['NOPE'], ['INCR', 'a']])).toEqual({
      status: 400,
      body: {
        error: expect.stringMatching(/^EXECABORT Transaction discarded because of: ERR unknown command/),
      },
    })
    expect(await under.front.raw(['EXISTS', 'a'])).toBe(0)
    // The shared connection is out of the transaction again.
    expect((await under.post('/', ['PING'])).body).toEqual({ result: 'PONG' })
  })

  it('runs the rest of a transaction when a command fails while it runs', async () => {
    expect(
      await under.post('/multi-exec', [
        ['SET', 'a', 'x'],
        ['INCR', 'a'],
        ['SET', 'b', '2'],
      ]),
    ).toEqual({
      status: 200,
      body: [{ result: 'OK' }, { error: 'ERR value is not an integer or out of range' }, { result: 'OK' }],
    })
    expect(await under.front.raw(['GET', 'b'])).toBe('2')
  })

  it.each([
    ['/', '{"a":1}'],
    ['/', '"GET"'],
    ['/', 'null'],
    ['/', '["GET","a"'],
    ['/', ''],
    ['/', '[]'],
    ['/', '[["GET","a"]]'],
    ['/', '["GET",null]'],
    ['/', '["GET",{"a":1}]'],
    ['/pipeline', '["GET","a"]'],
    ['/pipeline', '[]'],
    ['/pipeline', '[[]]'],
    ['/multi-exec', '[["SET","a","1"],"x"]'],
    ['/multi-exec', '{'],
  ])('refuses on %s the body %s', async (path, body) => {
    const before = under.front.calls.length
    expect(await under.post(path, body)).toEqual({
      status: 400,
      body: { error: expect.stringMatching(/^ERR /) },
    })
    expect(await under.front.raw(['DBSIZE'])).toBe(0)
    expect(under.front.calls.slice(before)).toMatchObject([{ path, commands: [] }])
  })

  it('says that path-style commands are not offered, and runs none', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    for (const method of ['GET', 'POST']) {
      const response = await fetch(`${under.front.url}/set/a/b`, { method, headers })
      expect(response.status).toBe(404)
      expect(await response.json()).toEqual({ error: expect.stringContaining('is offered here') })
    }
    expect(await under.front.raw(['DBSIZE'])).toBe(0)
  })

  it.each(['GET', 'PUT', 'DELETE'])('refuses %s on a path that takes commands', async (method) => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    for (const [path] of BODIES) {
      const response = await fetch(`${under.front.url}${path}`, { method, headers })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
      expect(await response.json()).toEqual({ error: 'ERR use POST' })
    }
  })

  it('refuses a body over 10 MiB, announced or not', async () => {
    const value = 'x'.repeat(10 * 1024 * 1024)
    const refused = { status: 413, body: { error: expect.stringContaining('max request size exceeded') } }
    expect(await under.post('/', ['SET', 'a', value])).toEqual(refused)
    expect(await postChunked(under.front.url, JSON.stringify(['SET', 'a', value]))).toEqual(refused)
    expect(await under.front.raw(['EXISTS', 'a'])).toBe(0)
  })

  it('takes a body right below 10 MiB', async () => {
    const value = 'x'.repeat(10 * 1024 * 1024 - JSON.stringify(['SET', 'a', '']).length)
    expect(await under.post('/', ['SET', 'a', value])).toEqual({ status: 200, body: { result: 'OK' } })
    expect(await under.front.raw(['STRLEN', 'a'])).toBe(value.length)
  })
})

describe('commands that the shared connection would not survive', () => {
  const COMMANDS = [
    ['SUBSCRIBE', 'c'],
    ['psubscribe', 'c*'],
    ['MONITOR'],
    ['MULTI'],
    ['EXEC'],
    ['WATCH', 'a'],
    ['BLPOP', 'l', '0'],
    ['XREAD', 'block', '0', 'STREAMS', 's', '$'],
    ['WAIT', '1', '0'],
    ['AUTH', 'x'],
    ['HELLO', '3'],
    ['SELECT', '1'],
    ['QUIT'],
    ['RESET'],
    ['CLIENT', 'REPLY', 'OFF'],
    ['SHUTDOWN', 'NOSAVE'],
  ]

  it.each(COMMANDS)('refuses %s on each path and goes on', async (...command: string[]) => {
    const error = `ERR Command is not available: '${command[0]?.toUpperCase()}'`
    expect(await under.post('/', command)).toEqual({ status: 400, body: { error } })
    expect(await under.post('/pipeline', [['SET', 'a', '1'], command, ['GET', 'a']])).toEqual({
      status: 200,
      body: [{ result: 'OK' }, { error }, { result: '1' }],
    })
    expect(await under.post('/multi-exec', [['SET', 'b', '1'], command])).toEqual({
      status: 400,
      body: { error: `EXECABORT Transaction discarded because of: ${error}` },
    })
    expect(await under.front.raw(['EXISTS', 'b'])).toBe(0)
  })

  it('reads a stream without waiting', async () => {
    await under.post('/', ['XADD', 's', '1-1', 'field', 'value'])
    expect((await under.post('/', ['XREAD', 'COUNT', 1, 'STREAMS', 's', 0])).body).toEqual({
      result: [['s', [['1-1', ['field', 'value']]]]],
    })
  })
})

function postChunked(url: string, body: string): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }))
      },
    )
    sent.on('error', reject)
    for (let at = 0; at < body.length; at += 1_000_000) sent.write(body.slice(at, at + 1_000_000))
    sent.end()
  })
}
