import { createHash } from 'node:crypto'
import { Redis } from '@upstash/redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RedisFront, startRedisFront } from '../../src/dev/redis/front.ts'
import { failureOf, startUnderTest, TOKEN, type UnderTest } from './front-under-test.ts'

const FLAG = '#!lua flags=allow-key-locking\n'
const BODY = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
const NOSCRIPT = 'NOSCRIPT No matching script. Please use EVAL.'

let under: UnderTest
beforeAll(async () => {
  under = await startUnderTest()
})
afterEach(async () => {
  await under.front.raw(['FLUSHALL'])
  await under.front.raw(['SCRIPT', 'FLUSH'])
})
afterAll(() => under.stop())

const FORGETTING: readonly [string, () => Promise<unknown>][] = [
  ['a flush through the front', () => under.post('/', ['SCRIPT', 'FLUSH'])],
  ['a flush past the front', () => under.front.raw(['SCRIPT', 'FLUSH'])],
  ['a restart', () => under.redis.restart()],
  [
    'a crash and a restart',
    async () => {
      await under.redis.kill()
      await under.redis.restart()
    },
  ],
]

describe.each([
  ['with the flag that only Upstash knows', FLAG + BODY],
  ['without a flag', BODY],
])('a script %s', (_, source) => {
  const sha = sha1(source)

  it('runs by its text, then by the SHA-1 of that text, in either case', async () => {
    const redis = under.client()
    expect((await failureOf(redis.evalsha(sha, ['n'], [1]))).message).toContain(NOSCRIPT)
    expect(await redis.eval(source, ['n'], [1])).toBe(1)
    expect(await redis.evalsha(sha, ['n'], [2])).toBe(3)
    expect(await redis.evalsha(sha.toUpperCase(), ['n'], [2])).toBe(5)
    expect(await redis.scriptExists(sha, '0'.repeat(40))).toEqual([1, 0])
  })

  it('runs after SCRIPT LOAD, which answers with the SHA-1 of the text', async () => {
    const redis = under.client()
    expect(await redis.scriptLoad(source)).toBe(sha)
    expect(await redis.evalsha(sha, ['n'], [4])).toBe(4)
  })

  it('runs in a pipeline and in a transaction', async () => {
    const redis = under.client()
    expect(await redis.pipeline().eval(source, ['n'], [1]).evalsha(sha, ['n'], [1]).exec()).toEqual([1, 2])
    expect(await redis.multi().evalsha(sha, ['n'], [1]).eval(source, ['n'], [1]).exec()).toEqual([3, 4])
  })

  it.each(FORGETTING)('is unknown after %s, until it is sent again', async (_name, forget) => {
    const redis = under.client()
    await redis.eval(source, ['n'], [1])
    await forget()
    expect((await failureOf(redis.evalsha(sha, ['n'], [1]))).message).toContain(NOSCRIPT)
    expect(await under.post('/multi-exec', [['EVALSHA', sha, 1, 'n', 1]])).toEqual({
      status: 200,
      body: [{ error: NOSCRIPT }],
    })
    await redis.eval(source, ['n'], [1])
    expect(await redis.evalsha(sha, ['other'], [7])).toBe(7)
  })

  it('is one command for Redis, by text and by SHA-1', async () => {
    const redis = under.client()
    await redis.eval(source, ['n'], [1])
    const monitor = await under.front.monitor()
    await redis.evalsha(sha, ['n'], [1])
    await redis.eval(source, ['n'], [1])
    await monitor.stop()
    expect(monitor.lines.map(({ command, fromScript }) => [command[0]?.toUpperCase(), fromScript])).toEqual([
      ['EVALSHA', false],
      ['INCRBY', true],
      ['EVAL', false],
      ['INCRBY', true],
    ])
  })
})

describe('what Redis says of scripts', () => {
  it('stays unknown when somebody loads the same script without its flag', async () => {
    const redis = under.client()
    await redis.eval(FLAG + BODY, ['n'], [1])
    await under.front.raw(['SCRIPT', 'FLUSH'])
    await redis.eval(BODY, ['n'], [1])
    expect((await failureOf(redis.evalsha(sha1(FLAG + BODY), ['n'], [1]))).message).toContain(NOSCRIPT)
  })

  it('names the line of an error as the client counts it', async () => {
    const error = await failureOf(under.client().eval(`${FLAG}\nreturn nothing.here`, [], []))
    expect(error.message).toMatch(/user_script:3: .*global variable 'nothing'/)
  })

  it('refuses a flag that Redis does not know', async () => {
    const error = await failureOf(under.client().eval('#!lua flags=no-such-flag\nreturn 1', [], []))
    expect(error.message).toContain('Unexpected flag in script shebang: no-such-flag')
  })
})

describe('rewritten scripts', () => {
  const CLOCK = `${FLAG}return redis.call('TIME')[1]`
  let clock = ''
  let front: RedisFront
  let redis: Redis
  beforeAll(async () => {
    front = await startRedisFront({
      socketPath: under.redis.socketPath,
      token: TOKEN,
      rewriteScript: (source) => source.replace("redis.call('TIME')", `({'${clock}'})`),
    })
    redis = new Redis({ url: front.url, token: TOKEN, retry: { retries: 0 } })
  })
  afterAll(() => front.close())

  it('runs the rewriting of now, by text and by SHA-1', async () => {
    clock = '1000'
    expect(await redis.eval(CLOCK, [], [])).toBe(1000)
    clock = '2000'
    expect(await redis.evalsha(sha1(CLOCK), [], [])).toBe(2000)
    clock = '3000'
    expect(await redis.evalsha(sha1(CLOCK), [], [])).toBe(3000)
    expect(await redis.multi().evalsha(sha1(CLOCK), [], []).exec()).toEqual([3000])
  })

  it.each(FORGETTING)('is unknown after %s, whatever the rewriting was since', async (_name, forget) => {
    clock = '1000'
    await redis.eval(CLOCK, [], [])
    clock = '2000'
    await redis.evalsha(sha1(CLOCK), [], [])
    await forget()
    expect((await failureOf(redis.evalsha(sha1(CLOCK), [], []))).message).toContain(NOSCRIPT)
    expect(await redis.eval(CLOCK, [], [])).toBe(2000)
    clock = '4000'
    expect(await redis.evalsha(sha1(CLOCK), [], [])).toBe(4000)
  })

  it('leaves scripts of the same text unknown that were never sent', async () => {
    expect((await failureOf(redis.evalsha(sha1(`${CLOCK} `), [], []))).message).toContain(NOSCRIPT)
  })
})

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
