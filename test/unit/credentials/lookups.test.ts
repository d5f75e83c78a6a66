import { describe, expect, it } from 'vitest'
import type { Means } from '../../../src/authenticator.ts'
import { type Answer, type Bounds, lookups } from '../../../src/credentials/lookups.ts'

const NOW = 1_800_000_000_000
const ages = { knownMs: 60_000, unknownMs: 5000 }
const bounds = { maxInFlight: 50, missesPerSecond: 1_000_000, backsOff: false }
const means = (remainingMs = 10_000): Means => ({
  env: {},
  store: undefined as never,
  background: () => {},
  remainingMs: () => remainingMs,
})

/** Look-ups of names, which answer at once with what `answers` says, and count. */
function counted(more: Partial<Bounds> = {}, answers: (name: string) => Promise<Answer<string>> = yes) {
  const memory = lookups<string>({ ...bounds, ...more })
  const asked: string[] = []
  const find = (name: string, now = NOW, remainingMs?: number) =>
    memory.find(name, now, ages, means(remainingMs), (_signal) => {
      asked.push(name)
      return answers(name)
    })
  return { find, asked }
}
const yes = async (name: string): Promise<Answer<string>> => ({ known: `<${name}>`, bytes: 10 })
const no = async (): Promise<Answer<string>> => ({ unknown: 'no such name' })
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('what is remembered', () => {
  it('is known for its time, and not a millisecond longer', async () => {
    const { find, asked } = counted()
    for (const age of [0, 59_999])
      expect(await find('a', NOW + age)).toEqual({ found: 'known', value: '<a>' })
    expect(asked).toEqual(['a'])
    await find('a', NOW + 60_000)
    expect(asked).toEqual(['a', 'a'])
  })

  it('is at most 1,000 entries: the one that was not used for longest goes', async () => {
    const { find, asked } = counted()
    for (let i = 0; i < 1000; i++) await find(`name-${i}`)
    await find('name-0')
    await find('one more')
    expect(asked).toHaveLength(1001)
    await find('name-0')
    expect(asked).toHaveLength(1001)
    await find('name-1')
    expect(asked).toHaveLength(1002)
  })

  it('is at most 4 MiB together', async () => {
    const { find, asked } = counted({}, async (name) => ({ known: name, bytes: 65_536 }))
    for (let i = 0; i < 65; i++) await find(`name-${i}`)
    await find('name-1')
    expect(asked).toHaveLength(65)
    await find('name-0')
    expect(asked).toHaveLength(66)
  })

  it('is at most 1,000 unknown names, which push no known one out', async () => {
    const { find, asked } = counted({}, (name) => (name === 'good' ? yes(name) : no()))
    await find('good')
    for (let i = 0; i < 1001; i++) await find(`name-${i}`)
    const before = asked.length
    await find('good')
    await find('name-1000')
    expect(asked).toHaveLength(before)
    await find('name-0')
    expect(asked).toHaveLength(before + 1)
  })

  it('is what was found last, where a name became unknown or known', async () => {
    let answer: Answer<string> = { known: 'a', bytes: 1 }
    const { find } = counted({}, async () => answer)
    expect((await find('a')).found).toBe('known')
    answer = { unknown: 'gone' }
    expect(await find('a', NOW + 60_000)).toEqual({ found: 'unknown', reason: 'gone' })
    expect((await find('a', NOW + 60_001)).found).toBe('unknown')
    answer = { known: 'a', bytes: 1 }
    expect((await find('a', NOW + 65_000)).found).toBe('known')
    expect((await find('a', NOW + 65_001)).found).toBe('known')
  })
})

describe('look-ups under way', () => {
  it('are one for a name, and those who wait for it look at memory', async () => {
    const { find, asked } = counted({}, async (name) => {
      await pause(30)
      return yes(name)
    })
    const found = await Promise.all(Array.from({ length: 300 }, () => find('a')))
    expect(asked).toEqual(['a'])
    expect(found.every((one) => one.found === 'known')).toBe(true)
  })

  it('are waited for by at most 500', async () => {
    const { find } = counted({}, async (name) => {
      await pause(100)
      return yes(name)
    })
    const found = await Promise.all(Array.from({ length: 601 }, () => find('a')))
    const count = (kind: string) => found.filter((one) => one.found === kind).length
    expect([count('known'), count('unavailable')]).toEqual([501, 100])
  })

  it('that fail are a failure for those who wait, at once', async () => {
    const { find } = counted({}, async () => {
      await pause(20)
      throw new Error('canary')
    })
    const found = await Promise.all([find('a'), find('a', NOW, 60_000)])
    expect(found.map((one) => one.found)).toEqual(['unavailable', 'unavailable'])
    expect(JSON.stringify(found)).not.toContain('canary')
  })

  it('are at most so many, and the rest is told at once', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { find, asked } = counted({ maxInFlight: 3 }, async (name) => {
      await promise
      return yes(name)
    })
    const first = Promise.all(['a', 'b', 'c'].map((name) => find(name)))
    expect(await find('d')).toMatchObject({ found: 'unavailable', reason: 'too many look-ups at a time' })
    resolve()
    await first
    expect((await find('d')).found).toBe('known')
    expect(asked).toEqual(['a', 'b', 'c', 'd'])
  })

  it('go on when their request has no time left, and are there for the next', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { find, asked } = counted({}, async (name) => {
      await promise
      return yes(name)
    })
    expect(await find('a', NOW, 20)).toMatchObject({ reason: 'the look-up took too long' })
    resolve()
    await pause(1)
    expect((await find('a')).found).toBe('known')
    expect(asked).toEqual(['a'])
  })

  it('throw for nobody, not even where the call throws before its first promise', async () => {
    const { find } = counted({}, () => {
      throw new Error('at once')
    })
    expect((await find('a')).found).toBe('unavailable')
  })
})

describe('what is not known', () => {
  it('is looked up so often a second, and no oftener in an hour of it', async () => {
    const { find, asked } = counted({ missesPerSecond: 5 }, no)
    for (let i = 0; i < 100; i++) await find(`a-${i}`)
    expect(asked).toHaveLength(5)
    for (let i = 0; i < 3600; i++) await find(`b-${i}`, NOW + i * 1000)
    expect(asked.length).toBeLessThanOrEqual(5 + 3600)
    // An hour of silence saves nothing up.
    asked.length = 0
    for (let i = 0; i < 100; i++) await find(`c-${i}`, NOW + 9_000_000)
    expect(asked).toHaveLength(5)
  })

  it('costs what is known nothing', async () => {
    const { find } = counted({ missesPerSecond: 5 }, yes)
    for (let i = 0; i < 500; i++) expect((await find(`a-${i}`)).found).toBe('known')
  })

  it('cannot be bought with a clock that goes back', async () => {
    const { find, asked } = counted({ missesPerSecond: 5 }, no)
    for (let i = 0; i < 100; i++) await find(`a-${i}`, NOW - (i % 2) * 60_000)
    expect(asked).toHaveLength(5)
  })
})

describe('an outage', () => {
  const down = { backsOff: true }

  it('is not hammered: one look-up at a time, 1 s to 30 s apart, whatever comes', async () => {
    let isDown = false
    const { find, asked } = counted(down, (name) => (isDown ? Promise.reject(new Error('down')) : yes(name)))
    await find('good')
    isDown = true
    asked.length = 0
    const times: number[] = []
    for (let ms = 0; ms < 600_000; ms += 100) {
      const before = asked.length
      const found = await Promise.all([find(`a-${ms}`, NOW + ms), find(`b-${ms}`, NOW + ms)])
      expect(found.map((one) => one.found)).toEqual(['unavailable', 'unavailable'])
      if (asked.length > before) times.push(ms)
    }
    const gaps = times.slice(1).map((ms, i) => ms - (times[i] ?? 0))
    // Two look-ups may begin before the first failure is known, and only then.
    expect(asked.length).toBeLessThanOrEqual(times.length + 1)
    expect(gaps[0]).toBeGreaterThanOrEqual(700)
    expect(gaps[0]).toBeLessThanOrEqual(1300)
    for (const gap of gaps.slice(6)) expect(gap).toBeGreaterThanOrEqual(22_000)
    for (const gap of gaps) expect(gap).toBeLessThanOrEqual(31_000)
    isDown = false
    expect((await find('a', NOW + 640_000)).found).toBe('known')
    expect((await find('b', NOW + 640_000)).found).toBe('known')
  })

  it('does not touch what is remembered, and says when to come again', async () => {
    let isDown = false
    const { find } = counted(down, (name) => (isDown ? Promise.reject(new Error('down')) : yes(name)))
    await find('good')
    isDown = true
    await find('new')
    expect((await find('good', NOW + 10)).found).toBe('known')
    expect(await find('other', NOW + 10)).toMatchObject({ found: 'unavailable', retryAfterSeconds: 1 })
  })

  it('of many that fail together is one outage', async () => {
    const { find, asked } = counted(down, async () => {
      await pause(10)
      throw new Error('down')
    })
    await Promise.all(Array.from({ length: 40 }, (_, i) => find(`a-${i}`)))
    expect(asked).toHaveLength(40)
    await find('b', NOW + 1500)
    expect(asked).toHaveLength(41)
  })
})
