import { afterAll, beforeAll, expect, it } from 'vitest'
import { startUnderTest, type UnderTest } from './front-under-test.ts'

let under: UnderTest
beforeAll(async () => {
  under = await startUnderTest()
})
afterAll(() => under.stop())

it('shows every command in order and nothing of the front itself, on a fresh connection too', async () => {
  await under.redis.restart()
  const redis = under.client()
  const monitor = await under.front.monitor()
  await redis.set('a', 1)
  await redis.pipeline().get('a').incr('a').exec()
  await redis.multi().get('a').exec()
  await redis.eval("redis.call('GET', KEYS[1]) return redis.call('DEL', KEYS[1])", ['a'], [])
  await monitor.settle()
  expect(monitor.lines.map(({ command, fromScript }) => [command[0]?.toUpperCase(), fromScript])).toEqual([
    ['SET', false],
    ['GET', false],
    ['INCR', false],
    ['MULTI', false],
    ['GET', false],
    ['EXEC', false],
    ['EVAL', false],
    ['GET', true],
    ['DEL', true],
  ])
  await monitor.stop()
  await redis.set('a', 1)
  expect(monitor.lines).toHaveLength(9)
})

it('reads arguments back as they were sent', async () => {
  const words = [
    'plain',
    '',
    'two words',
    '"quoted" \\ back',
    'new\nline\ttab\r',
    '\u0000\u0007\b\u001b',
    'ümlaut 🦊',
    '] "x',
  ]
  const monitor = await under.front.monitor()
  await under.front.raw(['RPUSH', 'l', ...words])
  await monitor.stop()
  expect(monitor.lines).toEqual([{ command: ['RPUSH', 'l', ...words], fromScript: false }])
})

it('has seen every one of 300 commands when it has settled', async () => {
  const redis = under.client({ enableAutoPipelining: false })
  const monitor = await under.front.monitor()
  await Promise.all(Array.from({ length: 300 }, (_, index) => redis.set(`k${index}`, 'v')))
  await monitor.settle()
  expect(monitor.lines).toHaveLength(300)
  await monitor.stop()
})
