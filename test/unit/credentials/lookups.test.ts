import { describe, expect, it, vi } from 'vitest'
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
    const found = await Promise.all(Array.from({ length: 200 }, () => find('a')))
    expect(asked).toEqual(['a'])
    expect(found.every((one) => one.found === 'known')).toBe(true)
  })

  const waiters = async (find: ReturnType<typeof counted>['find'], name: string): Promise<number> => {
    const found = await Promise.all(Array.from({ length: 601 }, () => find(name)))
    const refused = found.filter((one) => one.found === 'unavailable')
    for (const one of refused) expect(one).toMatchObject({ reason: 'too many requests wait for look-ups' })
    // The first looks itself.
    return found.length - refused.length - 1
  }
  const slow = async (name: string) => {
    await pause(300)
    return yes(name)
  }

  it('are waited for by at most as many of one name as it leaves free for others, 500 together', async () => {
    const { find } = counted({}, slow)
    const names = Array.from({ length: 12 }, (_, i) => `name-${i}`)
    const counts = await Promise.all(names.map((name) => waiters(find, name)))
    expect(counts).toEqual([250, 125, 63, 31, 16, 8, 4, 2, 1, 0, 0, 0])
    // Those whose wait is over are not counted any more.
    expect(await waiters(find, 'another')).toBe(250)
  })

  it('are not waited for any longer by requests that were cancelled: their timers never come', async () => {
    const { find } = counted({}, slow)
    const first = find('a')
    const timers = vi.spyOn(globalThis, 'setTimeout').mockReturnValue(0 as never)
    for (let i = 0; i < 600; i++) void find('a')
    timers.mockRestore()
    await first
    const clock = performance.now.bind(performance)
    const later = vi.spyOn(performance, 'now').mockImplementation(() => clock() + 6000)
    try {
      expect(await waiters(find, 'b')).toBe(250)
    } finally {
      later.mockRestore()
    }
  })

  it('give those who wait what was found, also where it is out of date when they look', async () => {
    let answer: Answer<string> = { known: 'old', bytes: 1 }
    const memory = lookups<string>(bounds)
    const brief = { knownMs: 20, unknownMs: 20 }
    const find = (now: number) =>
      memory.find('a', now, brief, means(), async () => {
        await pause(60)
        return answer
      })
    await find(NOW)
    answer = { known: 'new', bytes: 1 }
    // What was remembered before the wait began is out of date for good.
    expect(await Promise.all([find(NOW + 20), find(NOW + 40), find(NOW + 70)])).toEqual(
      Array(3).fill({ found: 'known', value: 'new' }),
    )
    answer = { unknown: 'gone' }
    expect(await Promise.all([find(NOW + 100), find(NOW + 140)])).toEqual(
      Array(2).fill({ found: 'unknown', reason: 'gone' }),
    )
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

  it('keeps nothing that was known a moment ago from being looked up, and that is charged to nobody', async () => {
    let gone: string[] = []
    const { find, asked } = counted({ missesPerSecond: 5 }, (name) =>
      name.startsWith('good') && !gone.includes(name) ? yes(name) : no(),
    )
    const good = Array.from({ length: 20 }, (_, i) => `good-${i}`)
    for (const name of good) await find(name)
    const later = NOW + 60_000
    for (let i = 0; i < 100; i++) await find(`junk-${i}`, later)
    expect(asked).toHaveLength(20 + 5)
    for (const name of good) expect((await find(name, later)).found).toBe('known')
    expect(asked).toHaveLength(20 + 5 + 20)
    // All of them end at once: a name that was never seen has its look-up nevertheless.
    gone = good
    for (const name of good) expect((await find(name, later + 60_000)).found).toBe('unknown')
    expect(asked).toHaveLength(20 + 5 + 20 + 20)
    expect((await find('good-new', later + 60_000)).found).toBe('known')
    // What is not known any more is as good as never seen.
    for (let i = 0; i < 100; i++) await find(`junk-${i}`, later + 65_000)
    asked.length = 0
    for (const name of good) await find(name, later + 65_000)
    expect(asked).toEqual([])
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

describe('a failure of one name', () => {
  const odd: Answer<string> = { failed: 'odd', ofOne: true }
  const answers = (name: string) => (name.startsWith('odd') ? Promise.resolve(odd) : yes(name))

  it('is its own: no other name waits for it', async () => {
    const { find, asked } = counted({ backsOff: true }, answers)
    for (let i = 0; i < 100; i++) {
      expect(await find(`odd-${i}`, NOW + i)).toEqual({
        found: 'unavailable',
        reason: 'odd',
        retryAfterSeconds: 1,
      })
      expect((await find(`good-${i}`, NOW + i)).found).toBe('known')
    }
    expect(asked).toHaveLength(200)
  })

  it('is not remembered, and costs what a name costs that is not known', async () => {
    const { find, asked } = counted({ backsOff: true, missesPerSecond: 5 }, answers)
    for (let i = 0; i < 100; i++) await find('odd')
    expect(asked).toHaveLength(5)
    for (let i = 0; i < 3600; i++) await find('odd', NOW + i * 1000)
    expect(asked.length).toBeLessThanOrEqual(5 + 3600)
  })

  it('of a name that was known takes its place away: it is bounded like all others', async () => {
    let isOdd = false
    const { find, asked } = counted({ backsOff: true, missesPerSecond: 5 }, (name) =>
      isOdd && name === 'turned' ? Promise.resolve(odd) : yes(name),
    )
    await find('turned')
    isOdd = true
    asked.length = 0
    for (let i = 0; i < 100; i++) await find('turned', NOW + 60_000)
    expect(asked).toHaveLength(1 + 5)
    expect((await find('good', NOW + 62_000)).found).toBe('known')
  })

  it('in an outage neither ends it nor makes it longer, and leaves the next one to try', async () => {
    let isDown = true
    const { find, asked } = counted({ backsOff: true }, (name) =>
      isDown && name === 'good' ? Promise.reject(new Error('down')) : answers(name),
    )
    await find('good')
    expect((await find('odd-1', NOW + 100)).found).toBe('unavailable')
    expect(asked).toEqual(['good'])
    await find('odd-2', NOW + 1500)
    expect(asked).toEqual(['good', 'odd-2'])
    await find('good', NOW + 1500)
    expect(asked).toEqual(['good', 'odd-2', 'good'])
    // The second failure of the outage: its pause is twice as long.
    await find('good', NOW + 1500 + 1400)
    expect(asked).toHaveLength(3)
    isDown = false
    expect((await find('good', NOW + 1500 + 2100)).found).toBe('known')
  })
})
