import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { guard } from '../../../src/state/isolate/guard.ts'
import {
  BELIEVED_MS,
  BELIEVED_SHARED_MS,
  LONGEST_KEY,
  MEMORY_ENTRIES,
  Memory,
} from '../../../src/state/isolate/memory.ts'
import type { AdmitRequest, DeliveryClaim, LimitClaim } from '../../../src/state/state.ts'
import { admitted, deniedBy, limitOf, requestOf, scripted } from './states.ts'

const claim: DeliveryClaim = {
  route: 'orders',
  key: '0'.repeat(64),
  requestId: 'first',
  kind: 'delivery',
  leaseMs: 45_000,
  ttlMs: 86_400_000,
  copiesPass: false,
}

/** A guarded backend where every limit denies, and a clock that the test moves. */
function denying(retryAfterMs: Parameters<typeof deniedBy>[1] = 30_000) {
  let now = 1_000_000
  const backend = scripted(async (request) => deniedBy(request, retryAfterMs))
  const guarded = guard(backend, () => now)
  const ask = (limits: Partial<LimitClaim>[] = [{}], parts: Partial<AdmitRequest> = {}) =>
    guarded.admit(requestOf({ limits: limits.map(limitOf), ...parts }))
  return { backend, guarded, ask, pass: (ms: number) => (now += ms) }
}

describe('a request over a limit that is known to deny', () => {
  it('is answered without a call, with times that have been counted down', async () => {
    const { backend, ask, pass } = denying(30_000)
    expect(await ask()).not.toHaveProperty('remembered')
    pass(12_345)
    expect(await ask()).toEqual({
      outcome: 'limited',
      limits: [
        {
          name: 'orders:client',
          max: 5,
          windowMs: 60_000,
          remaining: 0,
          resetSeconds: 8,
          retryAfterMs: 17_655,
        },
      ],
      violated: ['orders:client'],
      retryAfterSeconds: 18,
      remembered: true,
    })
    expect(backend.asked).toHaveLength(1)
  })

  it('is told to come back after a second at the least', async () => {
    const { ask, pass } = denying(30_000)
    await ask()
    pass(29_999)
    expect(await ask()).toMatchObject({
      retryAfterSeconds: 1,
      limits: [{ resetSeconds: 1, retryAfterMs: 1 }],
    })
  })

  it('asks again as soon as the units may be back', async () => {
    const { backend, ask, pass } = denying(30_000)
    await ask()
    pass(30_000)
    backend.answer = async () => admitted
    expect(await ask()).toEqual(admitted)
    expect(await ask()).toEqual(admitted)
    expect(backend.asked).toHaveLength(3)
  })

  it('is told all limits that deny, and waits for the slowest', async () => {
    const { backend, ask } = denying({ 'orders:burst': 4000, 'orders:day': 50_000 })
    const limits = [{ name: 'orders:burst' }, { name: 'orders:open' }, { name: 'orders:day' }]
    await ask(limits)
    const second = await ask(limits)
    expect(second).toMatchObject({ violated: ['orders:burst', 'orders:day'], retryAfterSeconds: 50 })
    expect(second).toMatchObject({ limits: [{ name: 'orders:burst' }, { name: 'orders:day' }] })
    expect(backend.asked).toHaveLength(1)
  })

  it('is told the day limit alone once the burst is over', async () => {
    const { backend, ask, pass } = denying({ 'orders:burst': 4000, 'orders:day': 50_000 })
    const limits = [{ name: 'orders:burst' }, { name: 'orders:day' }]
    await ask(limits)
    pass(4000)
    expect(await ask(limits)).toMatchObject({ violated: ['orders:day'], retryAfterSeconds: 46 })
    expect(backend.asked).toHaveLength(1)
  })

  it.each([
    ['another owner', { owner: 'client:192.0.2.2' }],
    ['another route', { name: 'other:client' }],
    ['another tier', { max: 500 }],
    ['another algorithm', { algorithm: 'fixedWindow' }],
    ['another window', { windowMs: 61_000 }],
    ['a calendar', { calendar: 'month' }],
    ['another refill', { refill: 1 }],
    ['less cost', { cost: 1 }],
    ['a limit in report mode', { mode: 'report' }],
  ] as [string, Partial<LimitClaim>][])('denies nothing of %s', async (_name, other) => {
    const { backend, ask } = denying()
    await ask([{ cost: 2 }])
    await ask([{ cost: 2, ...other }])
    expect(backend.asked).toHaveLength(2)
    await ask([{ cost: 3 }])
    expect(backend.asked).toHaveLength(2)
  })

  it('cannot be brought about under another owner by what an owner is called', async () => {
    const { backend, ask } = denying()
    await ask([{ owner: 'principal:a', name: 'orders:client', refill: 5 }])
    // The same text put together in another way would be the same key.
    for (const owner of ['principal:a ', 'principal: a', 'client:5 principal:a'] as const)
      await ask([{ owner }])
    expect(backend.asked).toHaveLength(4)
  })

  it('learns of less that is denied as well, and forgets it when that may be there', async () => {
    const { backend, ask, pass } = denying(30_000)
    await ask([{ cost: 4 }])
    backend.answer = async (request) => deniedBy(request, 5000)
    await ask([{ cost: 2 }])
    expect(await ask([{ cost: 2 }])).toHaveProperty('remembered')
    pass(5000)
    await ask([{ cost: 4 }])
    expect(backend.asked).toHaveLength(3)
  })

  it('learns nothing from an answer whose readings are not those of its limits', async () => {
    const { backend, ask } = denying()
    backend.answer = async ({ limits }) =>
      deniedBy(requestOf({ limits: limits.toReversed() }), { 'orders:burst': 4000 })
    await ask([{ name: 'orders:burst' }, { name: 'orders:day' }])
    await ask([{ name: 'orders:day' }])
    await ask([{ name: 'orders:burst' }])
    expect(backend.asked).toHaveLength(3)
  })

  it('is never denied by a limit in report mode', async () => {
    const { backend, ask } = denying()
    await ask([{ mode: 'report' }])
    await ask([{ mode: 'report' }])
    await ask()
    expect(backend.asked).toHaveLength(3)
  })

  it('asks when the call is tried again, which may hold what it asks for', async () => {
    const { backend, guarded, ask } = denying()
    const request = requestOf({ limits: [limitOf()] })
    backend.answer = async () => {
      throw new Error('the reply was lost')
    }
    await expect(guarded.admit(request)).rejects.toThrow('lost')
    backend.answer = async (asked) => deniedBy(asked)
    await ask()
    backend.answer = async () => admitted
    expect(await guarded.admit({ ...request, isRetry: true })).toEqual(admitted)
    expect(await ask()).toHaveProperty('remembered')
  })

  it('is denied before its claim is looked at, as the backends do', async () => {
    const { backend, ask } = denying()
    await ask([{}], { claim })
    expect(await ask([{}], { claim })).toMatchObject({ outcome: 'limited', remembered: true })
    expect(await ask([{}], { claim: { ...claim, kind: 'once' } })).toHaveProperty('remembered')
    expect(backend.asked).toHaveLength(1)
  })

  it('asks again when units were given back', async () => {
    const { backend, guarded, ask } = denying()
    await ask()
    await guarded.giveBack(requestOf({ limits: [limitOf()] }))
    await ask()
    expect(backend.asked).toHaveLength(2)
  })
})

describe('how long a denial is believed', () => {
  const month = 2_592_000_000

  async function believedFor(limit: Partial<LimitClaim>, parts: Partial<AdmitRequest> = {}) {
    const { backend, ask, pass } = denying(month)
    await ask([limit], parts)
    for (const ms of [BELIEVED_SHARED_MS, BELIEVED_MS]) {
      pass(ms - 1)
      await ask([limit], parts)
      if (backend.asked.length > 1) return 'less'
      pass(1)
      await ask([limit], parts)
      if (backend.asked.length > 1) return ms
      pass(-ms)
    }
    return 'more'
  }

  it.each([
    ['a client', 'client:192.0.2.1', BELIEVED_MS],
    ['a principal', 'principal:https://issuer|ann', BELIEVED_MS],
    ['a tenant', 'tenant:acme', BELIEVED_MS],
    ['an API key', 'apiKey:k1', BELIEVED_MS],
    ['all clients without an address', 'client:unknown', BELIEVED_SHARED_MS],
    ['a route', 'route:orders', BELIEVED_SHARED_MS],
    ['a pool', 'pool:api', BELIEVED_SHARED_MS],
    ['a provider', 'provider:github', BELIEVED_SHARED_MS],
    ['what a function names', 'key:00', BELIEVED_SHARED_MS],
  ] as [string, LimitClaim['owner'], number][])('for %s, with a month to go', async (_name, owner, ms) => {
    expect(await believedFor({ owner })).toBe(ms)
  })

  it('is a second for whom copies of a delivery can be counted on, and not for their sender', async () => {
    expect(await believedFor({ owner: 'principal:standard|S' }, { claim })).toBe(BELIEVED_SHARED_MS)
    expect(await believedFor({ owner: 'client:192.0.2.1' }, { claim })).toBe(BELIEVED_MS)
  })

  it('begins when the call began, not when its answer came', async () => {
    const { backend, guarded, ask, pass } = denying()
    backend.answer = async (request) => {
      pass(1500)
      return deniedBy(request, 2000)
    }
    await guarded.admit(requestOf({ limits: [limitOf()] }))
    pass(500)
    await ask()
    expect(backend.asked).toHaveLength(2)
  })

  it('is not stretched by a clock that is set back', async () => {
    const { backend, ask, pass } = denying()
    await ask()
    pass(-1)
    await ask()
    expect(backend.asked).toHaveLength(2)
    pass(-3_600_000)
    await ask()
    expect(backend.asked).toHaveLength(3)
  })

  it('ends when the clock jumps ahead, which costs a call', async () => {
    const { backend, ask, pass } = denying()
    await ask()
    pass(3_600_000)
    await ask()
    expect(backend.asked).toHaveLength(2)
  })
})

describe('a memory under a spray of 100,000 clients, each over its limit', () => {
  const clientOf = (i: number) =>
    `client:2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::/64` as const
  const spray = (memory: Memory, count: number, from = 0, msEach = 0) => {
    let largest = 0
    for (let i = from; i < from + count; i++) {
      const request = requestOf({ limits: [limitOf({ owner: clientOf(i) })] })
      memory.learn(request, deniedBy(request, 3_600_000), i * msEach)
      largest = Math.max(largest, memory.size)
    }
    return largest
  }
  const denies = (memory: Memory, i: number, now: number) =>
    memory.recall(requestOf({ limits: [limitOf({ owner: clientOf(i) })] }), now) !== undefined

  it('holds 10,000 entries at the most, each of less than 800 bytes', () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const heap = () => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const memory = new Memory()
    const before = heap()
    const largest = spray(memory, 100_000)
    const after = heap()
    const each = Math.round((after - before) / memory.size)
    console.log(
      `after 100,000 clients: ${memory.size} denials remembered, never more than ${largest}; heap ${before} → ${after} bytes, ${each} an entry`,
    )
    expect(largest).toBeLessThanOrEqual(MEMORY_ENTRIES)
    expect(memory.size).toBeGreaterThan(MEMORY_ENTRIES / 2)
    expect(each).toBeGreaterThan(0)
    expect(each).toBeLessThan(800)
    expect(denies(memory, 99_999, 1)).toBe(true)
    expect(denies(memory, 0, 1)).toBe(false)
  })

  it('gives up what has run out before what is merely old', () => {
    const memory = new Memory()
    spray(memory, 100)
    // Shared owners run out after a second, and were denied later than the clients.
    for (let i = 0; i < MEMORY_ENTRIES - 100; i++) {
      const request = requestOf({ limits: [limitOf({ owner: `key:${i}` })] })
      memory.learn(request, deniedBy(request), 0)
    }
    expect(memory.size).toBe(MEMORY_ENTRIES)
    const late = requestOf({ limits: [limitOf({ owner: 'client:late' })] })
    memory.learn(late, deniedBy(late), 2000)
    expect(memory.size).toBe(101)
    for (let i = 0; i < 100; i++) expect(denies(memory, i, 2000)).toBe(true)
  })

  it('takes no longer for each when it is full than while it fills', () => {
    const memory = new Memory()
    spray(memory, 20_000)
    const timed = (from: number) => {
      const start = performance.now()
      spray(memory, 20_000, from)
      return performance.now() - start
    }
    const [fresh, full] = [new Memory(), memory]
    spray(fresh, 1)
    const start = performance.now()
    for (let i = 0; i < 3; i++) spray(new Memory(), 9_000)
    const filling = (performance.now() - start) / 27_000
    const overflowing = Math.min(timed(20_000), timed(40_000), timed(60_000)) / 20_000
    expect(full.size).toBeLessThanOrEqual(MEMORY_ENTRIES)
    // Looking through all 10,000 for each would be slower by a factor of hundreds.
    expect(overflowing).toBeLessThan(filling * 10)
  })

  it('does not remember a name that is long enough to fill it with bytes', () => {
    const memory = new Memory()
    const long = requestOf({ limits: [limitOf({ owner: `principal:${'x'.repeat(LONGEST_KEY)}` })] })
    memory.learn(long, deniedBy(long), 0)
    expect(memory.size).toBe(0)
  })
})
