import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Redis as PackageRedis, type RedisConfigCloudflare } from '@upstash/redis/cloudflare'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Analytics } from '../../../src/state/upstash/slim/analytics.ts'
import { Redis as SlimRedis } from '../../../src/state/upstash/slim/redis.ts'

const root = resolve(import.meta.dirname, '../../..')
const packageFile = (path: string) => readFileSync(resolve(root, 'node_modules', path), 'utf8')

const config = (signal: () => AbortSignal): RedisConfigCloudflare => ({
  url: 'https://db.example.test',
  token: 'a-token-of-the-tests',
  retry: { retries: 0 },
  enableAutoPipelining: false,
  automaticDeserialization: false,
  readYourWrites: false,
  enableTelemetry: false,
  signal,
})

const COMMANDS: [string, ...string[]][] = [
  ['get', 'sp1:tests:s:a'],
  ['set', 'sp1:tests:c:a:b', 'D a b 1', 'px', '60000', 'get'],
  ['evalsha', 'f'.repeat(40), '1', 'sp1:tests:t:a', 'ü\u0000"\\', ''],
]

const ANSWERS: [string, () => Promise<Response>][] = [
  ['a text', () => answer({ result: btoa('D a b 1') })],
  ['a text of UTF-8', () => answer({ result: 'w7w=' })],
  ['a text that looks like a number', () => answer({ result: btoa('0123') })],
  ['OK', () => answer({ result: 'OK' })],
  ['a number', () => answer({ result: 7 })],
  ['nothing', () => answer({ result: null })],
  ['no result', () => answer({})],
  ['a list', () => answer({ result: [btoa('admitted'), 7, null, [btoa('a'), btoa('b')]] })],
  ['an error', () => answer({ error: 'NOSCRIPT No matching script. Please use EVAL.' })],
  ['an error with its status', () => answer({ error: 'WRONGPASS invalid' }, 401)],
  ['an error in HTML', async () => new Response('<html>', { status: 503 })],
  ['HTML', async () => new Response('<html>')],
  ['a body that breaks off', async () => new Response('{"result":"b')],
  ['no connection', () => Promise.reject(new TypeError('fetch failed'))],
]
const answer = async (body: object, status = 200) => new Response(JSON.stringify(body), { status })

afterEach(() => vi.unstubAllGlobals())

/** What a client sends, and what becomes of the answer. */
async function seen(Redis: new (config: RedisConfigCloudflare) => Pick<PackageRedis, 'exec'>, at: number) {
  const [, respond] = ANSWERS[at] as (typeof ANSWERS)[number]
  const sent: unknown[] = []
  vi.stubGlobal('fetch', (url: string, { headers, signal, ...init }: RequestInit) => {
    sent.push([url, Object.entries(headers as object).sort(), signal?.aborted, init])
    return respond()
  })
  const ends: unknown[] = []
  for (const command of COMMANDS) {
    const made = new Redis(config(() => new AbortController().signal))
    ends.push(
      await made.exec(command).then(
        (value) => ({ value }),
        (error: Error) => ({ name: error.name, begins: error.message.split(',')[0] }),
      ),
    )
  }
  return { sent, ends }
}

describe('the slim client', () => {
  test.each(ANSWERS.map(([name], at) => [name, at] as const))(
    'sends what the package sends, and says the same to %s',
    async (name, at) => {
      const slim = await seen(SlimRedis, at)
      const whole = await seen(PackageRedis, at)
      expect(slim.sent).toEqual(whole.sent)
      expect(slim.sent.length).toBeGreaterThanOrEqual(COMMANDS.length)
      // The words of this one fault are its own; who reads them looks at the name alone.
      if (name === 'no result') expect(slim.ends).toMatchObject(COMMANDS.map(() => ({ name: 'TypeError' })))
      else expect(slim.ends).toEqual(whole.ends)
    },
  )

  test('asks for the signal while the command is being started, as the package does', async () => {
    for (const Redis of [SlimRedis, PackageRedis]) {
      vi.stubGlobal('fetch', () => answer({ result: 'OK' }))
      const signal = vi.fn(() => new AbortController().signal)
      const call = new Redis(config(signal)).exec(['get', 'a'])
      expect(signal).toHaveBeenCalledTimes(1)
      await call
    }
  })

  test('rejects when its signal ends, and makes no answer of it', async () => {
    for (const Redis of [SlimRedis, PackageRedis]) {
      vi.stubGlobal('fetch', () => Promise.reject(new DOMException('aborted', 'AbortError')))
      const call = new Redis(config(() => AbortSignal.abort())).exec(['get', 'a'])
      await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    }
  })
})

/** What the slim parts rest on and no entry of the packages exports: another version has to be looked at anew. */
describe('the packages below the slim parts', () => {
  test.each([
    ['@upstash/redis', '1.39.0'],
    ['@upstash/ratelimit', '2.2.0'],
  ])('%s is %s', (name, version) => {
    expect(JSON.parse(packageFile(`${name}/package.json`)).version).toBe(version)
  })

  test('the entry that is replaced takes its transport from the same file', () => {
    expect(packageFile('@upstash/redis/cloudflare.mjs')).toMatch(
      /HttpClient,[^}]*\} from "\.\/chunk-4WQYU7T6\.mjs"/,
    )
  })

  test('the rate limiter takes one class of the analytics, and has the same parts in both forms', async () => {
    const esm = packageFile('@upstash/ratelimit/dist/index.mjs')
    expect([...esm.matchAll(/^import .*$/gm)].map(String)).toEqual([
      'import { Analytics as CoreAnalytics } from "@upstash/core-analytics";',
    ])
    const whole = await import('@upstash/ratelimit')
    const aliased = await import('../../../node_modules/@upstash/ratelimit/dist/index.mjs')
    expect(aliased.Ratelimit.toString()).toContain('extends Ratelimit')
    expect(Object.keys(aliased).sort()).toEqual(
      Object.keys(whole)
        .filter((name) => !/^(default|module\.exports)$/.test(name))
        .sort(),
    )
  })

  test('whoever turns analytics on without them is told', () => {
    expect(() => new Analytics()).toThrow(/remove the alias/)
  })
})
