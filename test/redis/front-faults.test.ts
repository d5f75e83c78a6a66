import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Fault, startRedisFront } from '../../src/dev/redis/front.ts'
import { failureOf, startUnderTest, TOKEN, type UnderTest } from './front-under-test.ts'

let under: UnderTest
beforeAll(async () => {
  under = await startUnderTest()
})
afterEach(async () => {
  under.front.faults.clear()
  under.front.calls.length = 0
  await under.front.raw(['FLUSHALL'])
})
afterAll(() => under.stop())

const stored = (): Promise<unknown> => under.front.raw(['GET', 'n'])

describe.each([true, false])('the client with auto-pipelining %s', (enableAutoPipelining) => {
  const FAILURES: readonly [fault: Fault, error: RegExp, executed: boolean][] = [
    [{ kind: 'status', status: 429 }, /UpstashError: ERR max requests limit exceeded/, false],
    [{ kind: 'status', status: 500 }, /UpstashError: ERR internal error/, false],
    [{ kind: 'status', status: 503 }, /UpstashError: ERR the database is not available/, false],
    [{ kind: 'status', status: 400, body: '{"error":"ERR mine"}' }, /UpstashError: ERR mine/, false],
    [
      { kind: 'status', status: 502, body: '<html>bad</html>', contentType: 'text/html' },
      /UpstashJSONParseError: .*<html>bad/,
      false,
    ],
    [{ kind: 'html' }, /UpstashJSONParseError: .*<!DOCTYPE html>/, false],
    [{ kind: 'cut-json' }, /UpstashJSONParseError: .*\{"/, true],
    [{ kind: 'truncated' }, /TypeError: terminated/, true],
    [{ kind: 'closed' }, /TypeError: fetch failed/, false],
    [{ kind: 'lost-reply' }, /TypeError: fetch failed/, true],
  ]

  it.each(FAILURES)('meets %o once, then goes on', async (fault, error, executed) => {
    const redis = under.client({ enableAutoPipelining })
    under.front.faults.plan({ fault })
    expect(String(await failureOf(redis.incr('n')))).toMatch(error)
    expect(await stored()).toBe(executed ? '1' : null)
    expect(await redis.incr('n')).toBe(executed ? 2 : 1)
  })

  it('gets null for a command that was never run', async () => {
    const redis = under.client({ enableAutoPipelining })
    under.front.faults.plan({ fault: { kind: 'null-result' } })
    expect(await redis.incr('n')).toBeNull()
    expect(await stored()).toBeNull()
    under.front.faults.plan({ fault: { kind: 'null-result' } })
    expect(await redis.multi().incr('n').incr('n').exec()).toEqual([null, null])
    expect(await stored()).toBeNull()
  })

  it('waits before a command is run (latency), and after it was (late-reply)', async () => {
    const redis = under.client({ enableAutoPipelining })
    for (const [kind, seen] of [
      ['latency', null],
      ['late-reply', '1'],
    ] as const) {
      under.front.faults.plan({ fault: { kind, ms: 300 } })
      const start = performance.now()
      const answered = redis.incr('n')
      await arrived(1)
      await setTimeout(100)
      expect(await stored()).toBe(seen)
      expect(await answered).toBe(1)
      expect(performance.now() - start).toBeGreaterThanOrEqual(295)
      await under.front.raw(['FLUSHALL'])
      under.front.calls.length = 0
    }
  })

  it.each([
    ['hang', null],
    ['hang-after', '1'],
  ] as const)('gets no answer (%s) until its own deadline', async (kind, seen) => {
    under.front.faults.plan({ fault: { kind } })
    const start = performance.now()
    const sent = fetch(`${under.front.url}/`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: '["INCR","n"]',
      signal: AbortSignal.timeout(300),
    })
    expect((await failureOf(sent)).name).toBe('TimeoutError')
    expect(performance.now() - start).toBeLessThan(2000)
    expect(await stored()).toBe(seen)
  })
})

describe('plans', () => {
  it('strike as often as they say, in their order, and only what they match', async () => {
    const redis = under.client({ enableAutoPipelining: false })
    const { faults } = under.front
    faults.plan({
      fault: { kind: 'status', status: 500 },
      match: (commands) => commands[0]?.[0] === 'incr',
      times: 2,
    })
    faults.plan({ fault: { kind: 'status', status: 429 }, match: (commands) => commands[0]?.[0] === 'incr' })
    expect(await redis.set('a', 1)).toBe('OK')
    expect(String(await failureOf(redis.incr('n')))).toContain('ERR internal error')
    expect(String(await failureOf(redis.incr('n')))).toContain('ERR internal error')
    expect(String(await failureOf(redis.incr('n')))).toContain('ERR max requests')
    expect(await redis.incr('n')).toBe(1)
  })

  it('match by every command of a pipeline', async () => {
    const seen: unknown[] = []
    const { faults } = under.front
    faults.plan({ fault: { kind: 'html' }, match: (commands) => seen.push(commands) < 0 })
    await under.client().pipeline().set('a', 1).incr('n').exec()
    expect(seen).toEqual([
      [
        ['set', 'a', '1'],
        ['incr', 'n'],
      ],
    ])
  })

  it('strike for ever with Infinity, until they are cleared', async () => {
    const redis = under.client()
    under.front.faults.plan({ fault: { kind: 'closed' }, times: Number.POSITIVE_INFINITY })
    for (let attempt = 0; attempt < 5; attempt++) await failureOf(redis.incr('n'))
    under.front.faults.clear()
    expect(await redis.incr('n')).toBe(1)
  })

  it('are not used up by a request with a wrong token, which learns nothing of them', async () => {
    under.front.faults.plan({ fault: { kind: 'closed' } })
    expect(String(await failureOf(under.client({ token: 'wrong' }).incr('n')))).toContain('WRONGPASS')
    expect(String(await failureOf(under.client().incr('n')))).toContain('fetch failed')
  })
})

describe('closing', () => {
  it('ends what hangs and what waits, and runs nothing after it', async () => {
    const front = await startRedisFront({ socketPath: under.redis.socketPath, token: TOKEN })
    const headers = { authorization: `Bearer ${TOKEN}` }
    const incr = (): Promise<Error> =>
      failureOf(fetch(front.url, { method: 'POST', headers, body: '["INCR","n"]' }))
    front.faults.plan({ fault: { kind: 'hang' } })
    front.faults.plan({ fault: { kind: 'latency', ms: 400 } })
    const failures = [incr(), incr()]
    while (front.calls.length < 2) await setTimeout(5)
    await front.close()
    for (const { message } of await Promise.all(failures)) expect(message).toBe('fetch failed')
    await setTimeout(600)
    expect(await stored()).toBeNull()
  })

  it('refuses connections, kept ones too, and accepts them again on the same port', async () => {
    const redis = under.client()
    const { port } = new URL(under.front.url)
    expect(await redis.incr('n')).toBe(1)
    await under.front.refuseConnections()
    expect(await refusal(Number(port))).toBe('ECONNREFUSED')
    expect((await failureOf(redis.incr('n'))).message).toBe('fetch failed')
    await under.front.acceptAgain()
    expect(await redis.incr('n')).toBe(2)
  })
})

async function arrived(count: number): Promise<void> {
  const deadline = performance.now() + 2000
  while (under.front.calls.length < count) {
    if (performance.now() > deadline) throw new Error('the request did not arrive')
    await setTimeout(5)
  }
}

function refusal(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve('connected')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}
