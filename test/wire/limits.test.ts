import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { one, problem, startGateway, type TestGateway } from './harness/gateway.ts'
import type { RawAnswer } from './harness/raw.ts'

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Waits for a moment after the next begin of a window: windows are aligned to the epoch. */
const intoWindow = (windowMs: number, afterMs: number) => wait(windowMs - (Date.now() % windowMs) + afterMs)

type Members = Record<string, Record<string, number>>
/** A list of quoted Strings with whole-number parameters (RFC 9651), and nothing else. */
function listOf(answer: RawAnswer, name: string): Members {
  const members: Members = {}
  for (const member of (one(answer, name) ?? '').split(', ')) {
    expect(member).toMatch(/^"[a-z][a-z0-9-]*"(;[a-z]=[0-9]{1,15})+$/)
    const [quoted = '', ...parameters] = member.split(';')
    members[quoted.slice(1, -1)] = Object.fromEntries(
      parameters.map((text) => [text.slice(0, 1), Number(text.slice(2))] as const),
    )
  }
  return members
}
const remaining = (answer: RawAnswer) =>
  Object.fromEntries(Object.entries(listOf(answer, 'ratelimit')).map(([name, { r }]) => [name, r]))

function expectLimited(answer: RawAnswer, policy: string, windowSeconds: number): void {
  expect(answer.status).toBe(429)
  expect(problem(answer)).toMatchObject({ code: 'rate_limited', 'violated-policies': [policy] })
  expect(Number(one(answer, 'retry-after'))).toBeGreaterThanOrEqual(1)
  expect(Number(one(answer, 'retry-after'))).toBeLessThanOrEqual(windowSeconds)
  expect(one(answer, 'retry-after')).toMatch(/^[0-9]+$/)
  expect(listOf(answer, 'ratelimit')[policy]).toMatchObject({ r: 0 })
  expect(listOf(answer, 'ratelimit')[policy]?.t).toBeGreaterThanOrEqual(1)
}

let all: TestGateway
let each: TestGateway
beforeAll(async () => {
  ;[all, each] = await Promise.all([startGateway(), startGateway({ entry: 'test/wire/workers/alone.ts' })])
})
afterAll(() => Promise.all([all?.close(), each?.close()]))

describe('three limits on one route', () => {
  const ask = (who: string) =>
    all.call({
      method: 'POST',
      target: `/limited/${who}`,
      headers: [['Content-Type', 'application/json']],
      body: '{}',
    })

  it('each tell their policy and what is left, and the narrowest one denies by its name', {
    timeout: 40_000,
  }, async () => {
    await intoWindow(10_000, 100)
    const answers = [await ask('ann'), await ask('ann'), await ask('ann')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    for (const answer of answers) {
      expect(listOf(answer, 'ratelimit-policy')).toEqual({
        sliding: { q: 3, w: 10 },
        fixed: { q: 4, w: 10 },
        bucket: { q: 5, w: 10 },
      })
    }
    expect(answers.map(remaining)).toEqual([
      { sliding: 2, fixed: 3, bucket: 4 },
      { sliding: 1, fixed: 2, bucket: 3 },
      { sliding: 0, fixed: 1, bucket: 2 },
    ])
    for (let i = 0; i < 3; i++) {
      const denied = await ask('ann')
      expectLimited(denied, 'sliding', 20)
      expect((await all.recordOf(denied)).measure).toEqual({ limit: 3, actual: 4, unit: 'count' })
    }
    // A denied request counts itself in what it reads, and nothing of it is left a second later.
    await wait(1000)
    expect(remaining(await ask('ann'))).toEqual({ sliding: 0, fixed: 0, bucket: 1 })
    expect(all.origin.requests.filter(({ target }) => target === '/limited/ann')).toHaveLength(3)
    expect((await ask('bob')).status).toBe(200)
  })

  it('let no more than the narrowest through when all ask at once', { timeout: 40_000 }, async () => {
    await intoWindow(10_000, 100)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('carol')))
    const passed = answers.filter(({ status }) => status === 200)
    expect(passed.length).toBeLessThanOrEqual(3)
    for (const answer of answers) if (answer.status !== 200) expect(answer.status).toBe(429)
    expect(all.origin.requests.filter(({ target }) => target === '/limited/carol')).toHaveLength(
      passed.length,
    )
    // Several objects count at once, so a storm may deny itself; a second later nothing of that is left.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    if (passed.length < 3) expect((await ask('carol')).status).toBe(200)
  })
})

describe.concurrent('each algorithm by its numbers', { timeout: 40_000 }, () => {
  const ask = (path: string) => each.call({ target: path })
  const statuses = async (path: string, count: number) => {
    const seen: number[] = []
    for (let i = 0; i < count; i++) seen.push((await ask(path)).status)
    return seen
  }

  it('a fixed window forgets at its end', async () => {
    await intoWindow(4000, 100)
    expect(await statuses('/fixed', 4)).toEqual([200, 200, 200, 200])
    expectLimited(await ask('/fixed'), 'route', 4)
    await intoWindow(4000, 100)
    expect(await statuses('/fixed', 5)).toEqual([200, 200, 200, 200, 429])
  })

  it('a sliding window remembers the one before by what is left of it', async () => {
    await intoWindow(4000, 100)
    expect(await statuses('/sliding', 4)).toEqual([200, 200, 200, 200])
    expectLimited(await ask('/sliding'), 'route', 8)
    await intoWindow(4000, 100)
    expectLimited(await ask('/sliding'), 'route', 8)
    // At 55 % of the window 4 × 0.45 of the former are left: two more fit.
    await wait(2200 - 100 - 100)
    expect(await statuses('/sliding', 3)).toEqual([200, 200, 429])
  })

  it('a token bucket fills by its refill', async () => {
    expect(await statuses('/bucket', 3)).toEqual([200, 200, 429])
    const denied = await ask('/bucket')
    expectLimited(denied, 'route', 2)
    expect(listOf(denied, 'ratelimit-policy')).toEqual({ route: { q: 2, w: 2 } })
    await wait(2100)
    expect(await statuses('/bucket', 2)).toEqual([200, 429])
  })
})

it('a limit by client counts the peer, whatever it says about its address', async () => {
  const ask = (headers: [string, string][] = []) => each.call({ target: '/per-client', headers })
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 200])
  expectLimited(await ask(), 'client', 3600)
  for (const name of [
    'CF-Connecting-IP',
    'X-Forwarded-For',
    'X-Real-IP',
    'True-Client-IP',
    'Forwarded',
    'X-Client-IP',
  ]) {
    expect((await ask([[name, '198.51.100.7']])).status).toBe(429)
  }
  expect(each.origin.requests.filter(({ target }) => target === '/per-client')).toHaveLength(2)
})
