import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { failureOf, startUnderTest, type UnderTest } from './front-under-test.ts'

let under: UnderTest
beforeAll(async () => {
  under = await startUnderTest({ persist: true })
})
afterAll(() => under.stop())

const GONE = { status: 503, body: { error: 'ERR the database cannot be reached' } }

it('answers 503 at once on each path while Redis is dead, and runs the next request after its restart', async () => {
  const redis = under.client()
  await redis.set('kept', 'yes')
  for (let round = 0; round < 3; round++) {
    await under.redis.kill()
    const start = performance.now()
    expect(await under.post('/', ['GET', 'kept'])).toEqual(GONE)
    expect(await under.post('/pipeline', [['GET', 'kept'], ['PING']])).toEqual(GONE)
    expect(await under.post('/multi-exec', [['GET', 'kept']])).toEqual(GONE)
    expect((await failureOf(redis.get('kept'))).message).toContain('the database cannot be reached')
    expect(performance.now() - start).toBeLessThan(1000)
    await under.redis.restart()
    expect(await redis.get('kept')).toBe('yes')
  }
})

it('answers 200 requests at once while Redis is dead', async () => {
  const redis = under.client({ enableAutoPipelining: false })
  await under.redis.kill()
  const start = performance.now()
  const failures = await Promise.all(Array.from({ length: 200 }, () => failureOf(redis.incr('n'))))
  expect(performance.now() - start).toBeLessThan(5000)
  for (const { message } of failures) expect(message).toContain('the database cannot be reached')
  await under.redis.restart()
  expect(await redis.incr('n')).toBe(1)
})

it('answers 503 to the requests that were waiting when Redis died', async () => {
  await under.front.raw(['PING'])
  under.redis.pause()
  const waiting = Promise.all([
    under.post('/', ['INCR', 'w']),
    under.post('/pipeline', [['INCR', 'w']]),
    under.post('/multi-exec', [['INCR', 'w']]),
  ])
  await setTimeout(100)
  await under.redis.kill()
  expect(await waiting).toEqual([GONE, GONE, GONE])
  await under.redis.restart()
  expect((await under.post('/', ['PING'])).body).toEqual({ result: 'PONG' })
})

it('lets requests wait while Redis is paused, and answers them when it goes on', async () => {
  under.redis.pause()
  let answered = false
  const waiting = under.post('/', ['SET', 'p', '1']).then((answer) => {
    answered = true
    return answer
  })
  await setTimeout(300)
  expect(answered).toBe(false)
  under.redis.resume()
  expect((await waiting).body).toEqual({ result: 'OK' })
})

it('goes on after Redis ended its connection', async () => {
  const redis = under.client()
  await redis.set('a', 1)
  await under.front.raw(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
  await setTimeout(50)
  expect(await redis.get('a')).toBe(1)
})

it('tells that Redis refuses writes beyond its memory', async () => {
  const full = await startUnderTest({ maxMemoryBytes: 3_000_000 })
  try {
    const redis = full.client()
    const filled = (async () => {
      for (let index = 0; index < 200; index++) await redis.set(`k${index}`, 'x'.repeat(50_000))
    })()
    expect((await failureOf(filled)).message).toContain('OOM command not allowed')
    expect(await redis.strlen('k0')).toBe(50_000)
  } finally {
    await full.stop()
  }
})
