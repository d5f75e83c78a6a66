import { sign } from 'sallyport/testing'
import { standard } from 'sallyport/webhooks'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FAILURES_TO_OPEN } from '../../src/state/isolate/breaker.ts'
import { one, problem, secrets, startGateway, type TestGateway } from './harness/gateway.ts'
import type { RawAnswer } from './harness/raw.ts'
import { DEADLINE_MS, faults, isSlow, plan } from './outage/faults.ts'

/** What a machine that is busy may add to a wait, as the gateway itself measures it. */
const MARGIN_MS = 400
/** What is known at once does not wait for the deadline. */
const KNOWN_MS = DEADLINE_MS - 100
const UNHANDLED = /unhandled|uncaught/i
/** A machine that stalls for half of a deadline fails a cell whose gateway does right; a gateway that does wrong fails each time. */
const stalls = { retry: 2 }

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ entry: 'test/wire/workers/outage.ts', state: 'upstash' })
  // Every script is known to the server: its first use is a call more, which a fault would strike.
  plan(gateway.front, 'admit', faults['a lost reply'] ?? never(), 2)
  await send('/webhook', 'first')
  gateway.origin.behave({ status: 500 })
  await send('/webhook', 'second')
  await pause(500)
})
afterAll(() => gateway?.close())
beforeEach(() => {
  gateway.origin.clear()
  gateway.front.faults.clear()
})
afterEach(() => {
  expect(gateway.workerd.lines.filter((line) => UNHANDLED.test(line))).toEqual([])
})

let serial = 0
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const deliveryOf = (cell: string) =>
  sign(standard, {
    secret: secrets.STANDARD_WEBHOOK_SECRET,
    id: `msg_${process.pid}_${++serial}`,
    body: JSON.stringify({ cell }),
  })
const plain = (cell: string) => ({
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ cell }),
})
/** A request of its own for the cell: a signed delivery where the route takes nothing else. */
async function send(path: string, cell: string): Promise<RawAnswer> {
  return gateway.deliver(path, path === '/webhook' ? await deliveryOf(cell) : plain(cell))
}
/** Once more where a machine that stalled let the time run out although the database is well. */
async function inTime(ask: () => Promise<RawAnswer>): Promise<RawAnswer> {
  const answer = await ask()
  if (answer.status !== 503) return answer
  const { state } = await gateway.recordOf(answer)
  return /time|busy/.test(state?.fault ?? '') ? ask() : answer
}
/** How many units the cell's limit has left, as an answer tells. */
const left = (answer: RawAnswer) => /"cell";r=(\d+)/.exec(one(answer, 'ratelimit') ?? '')?.[1]

const routes = [
  ['/webhook', 'closed'],
  ['/closed', 'closed'],
  ['/allowed', 'allowed'],
  ['/degraded', 'degraded'],
] as const
const cells = Object.keys(faults).flatMap((name) =>
  routes.map(([path, policy]) => ({ name, path, policy, named: faults[name] ?? never() })),
)
const never = (): never => {
  throw new Error('no such fault')
}

describe('at the first try of admit', stalls, () => {
  it.each(cells)('$name on $path: the second try decides, and the request counts once', async (cell) => {
    const { name, path, named } = cell
    const of = `once ${name} ${path} ${++serial}`
    plan(gateway.front, 'admit', named, 1)
    const answer = await send(path, of)
    expect(answer.status).toBe(200)
    const { state, waits } = await gateway.recordOf(answer)
    expect(state).toMatchObject({ asked: 'answered', policy: null })
    expect(waits.admit).toBeLessThan(isSlow(named) ? DEADLINE_MS / 2 + MARGIN_MS : KNOWN_MS)
    expect(gateway.origin.requests).toHaveLength(1)
    if (named.fault.kind === 'latency') await pause(named.fault.ms)
    expect(left(await send(path, of))).toBe('98')
  })
})

describe('at every try of admit', stalls, () => {
  it.each(cells)('$name on $path ($policy)', async ({ name, path, policy, named }) => {
    const of = `for good ${name} ${path} ${++serial}`
    const delivery = path === '/webhook' ? await deliveryOf(of) : plain(of)
    plan(gateway.front, 'admit', named, Number.POSITIVE_INFINITY)
    const answer = await gateway.deliver(path, delivery)
    const { state, reason, waits } = await gateway.recordOf(answer)
    expect(waits.admit).toBeLessThan(isSlow(named) ? DEADLINE_MS + MARGIN_MS : KNOWN_MS)
    expect(state).toMatchObject({ asked: 'failed', fault: named.told, policy })
    if (policy === 'closed') {
      expect([answer.status, problem(answer).code]).toEqual([503, 'state_unavailable'])
      expect(one(answer, 'retry-after')).toBe('5')
      expect(reason).toBe(`shared state: ${named.told}`)
      expect(answer.text).not.toContain(named.told)
      expect(gateway.origin.requests).toHaveLength(0)
    } else {
      expect(answer.status).toBe(200)
      expect(one(answer, 'ratelimit')?.startsWith('"degraded";r=') ?? false).toBe(policy === 'degraded')
      expect(gateway.origin.requests).toHaveLength(1)
    }
    gateway.front.faults.clear()
    // What came late was given back: nothing is counted, and the provider's retry passes at once.
    await pause(named.fault.kind === 'latency' ? named.fault.ms + 200 : 200)
    gateway.origin.clear()
    const retry = await inTime(() => gateway.deliver(path, delivery))
    expect([retry.status, one(retry, 'sallyport-duplicate-of')]).toEqual([200, undefined])
    expect(left(retry)).toBe('99')
    expect(gateway.origin.requests).toHaveLength(1)
  })
})

describe('a connection that drops', () => {
  it.each(['a closed socket', 'a lost reply'])(
    '(%s) with 40 requests on it: each is asked again, although the breaker has opened',
    async (name) => {
      // The first call of each request, and never its second.
      const struck = new Set<string>()
      gateway.front.faults.plan({
        fault: (faults[name] ?? never()).fault,
        times: 40,
        match: ([command = []]) => {
          const token = command.find((word) => /^[0-9a-f-]{36}$/.test(word)) ?? ''
          if (token === '' || struck.has(token)) return false
          struck.add(token)
          return true
        },
      })
      const answers = await Promise.all(Array.from({ length: 40 }, () => send('/webhook', `drop ${name}`)))
      for (const answer of answers) {
        if (answer.status === 200) continue
        // A machine that stalls may let a second try run out of time; the breaker must not have refused it.
        expect((await gateway.recordOf(answer)).state?.asked).toBe('failed')
      }
      const passed = answers.filter(({ status }) => status === 200).length
      expect(passed).toBeGreaterThan(FAILURES_TO_OPEN)
      expect(left(await inTime(() => send('/webhook', `drop ${name}`)))).toBe(String(99 - passed))
    },
  )
})

const copies: Record<number, string> = { 200: 'arrives', 409: 'leased', 500: 'arrives' }

/** What became of deliveries whose settlements met each of the faults, all at once. */
async function settleAll(point: 'commit' | 'release', times: number, status: number, from = 0) {
  const names = Object.keys(faults)
  gateway.origin.behave({ status }, names.length)
  const firsts = await Promise.all(
    names.map(async (name, index) => {
      plan(gateway.front, point, faults[name] ?? never(), times, `settling-${from + index}`)
      const delivery = await deliveryOf(`${point} ${index} ${times}`)
      const path = `/settling/${from + index}`
      return { name, path, delivery, answer: await gateway.deliver(path, delivery) }
    }),
  )
  const outcomes = firsts.map(async ({ name, path, delivery, answer }) => {
    const { settled } = await gateway.recordOf(answer, 30_000)
    // What waits in the front is done by then.
    if (faults[name]?.fault.kind === 'latency') await pause(1000)
    const copy = await inTime(() => gateway.deliver(path, delivery))
    const isKnown = one(copy, 'sallyport-duplicate-of') !== undefined
    return {
      answer: answer.status,
      settled,
      copy: isKnown ? 'acknowledged' : (copies[copy.status] ?? copy.status),
      arrivals: gateway.origin.requests.filter(({ target }) => target === path).length,
    }
  })
  const ended = await Promise.all(outcomes)
  return Object.fromEntries(names.map((name, index) => [name, ended[index]]))
}

// A settlement waits for longer than the deadline: what is merely late is in time for it.
const expected = (of: (executed: boolean, isLate: boolean) => object) =>
  Object.fromEntries(
    Object.entries(faults).map(([name, { executed, fault }]) => [name, of(executed, 'ms' in fault)]),
  )

describe('at a settlement', { timeout: 60_000, ...stalls }, () => {
  it('each fault at the first commit: it is made again, and a copy does not arrive', async () => {
    expect(await settleAll('commit', 1, 200)).toEqual(
      expected(() => ({ answer: 200, settled: 'committed', copy: 'acknowledged', arrivals: 1 })),
    )
  })

  it('each fault at the first release: it is made again, and the retry arrives', async () => {
    expect(await settleAll('release', 1, 500)).toEqual(
      expected(() => ({ answer: 500, settled: 'released', copy: 'arrives', arrivals: 2 })),
    )
  })

  it('each fault at every settlement: the lease keeps copies out, unless the database had heard', async () => {
    // Each waits for 20 s where nobody answers: both at once, and the origin has answered the ones before the others begin.
    const releases = settleAll('release', Number.POSITIVE_INFINITY, 500)
    const many = Object.keys(faults).length
    await gateway.origin.waitForRequest(many, 15_000)
    const commits = settleAll('commit', Number.POSITIVE_INFINITY, 200, many)
    expect(await commits).toEqual(
      expected((executed, isLate) => ({
        answer: 200,
        settled: isLate ? 'committed' : 'failed',
        copy: executed ? 'acknowledged' : 'leased',
        arrivals: 1,
      })),
    )
    expect(await releases).toEqual(
      expected((executed, isLate) => ({
        answer: 500,
        settled: isLate ? 'released' : 'failed',
        copy: executed ? 'arrives' : 'leased',
        arrivals: executed ? 2 : 1,
      })),
    )
  })
})

describe('at the give-back of what every try had taken', stalls, () => {
  it.each(Object.keys(faults))('%s: the lease runs out by itself, no copy is acknowledged', async (name) => {
    const delivery = await deliveryOf(`give-back ${name}`)
    plan(gateway.front, 'admit', faults['a lost reply'] ?? never(), 2)
    plan(gateway.front, 'give-back', faults[name] ?? never(), 1)
    expect((await gateway.deliver('/webhook', delivery)).status).toBe(503)
    await pause(100)
    const retry = await gateway.deliver('/webhook', delivery)
    // Given back although the answer was lost, or kept out until the lease ends: never lost, never a false success.
    expect(one(retry, 'sallyport-duplicate-of')).toBeUndefined()
    expect(retry.status === 200 || (retry.status === 409 && Number(one(retry, 'retry-after')) > 0)).toBe(true)
    const gaveBack = faults[name]?.executed === true && faults[name]?.fault.kind !== 'latency'
    expect(retry.status).toBe(gaveBack ? 200 : 409)
  })
})

describe('with Redis dead', () => {
  it.each([
    ['killed', () => gateway.redis.kill()],
    ['stopped in its tracks', async () => gateway.redis.pause()],
    ['not reachable', () => gateway.front.refuseConnections()],
  ])(
    '(%s) 200 requests at once all end by their deadline, and the next one after it is normal',
    async (_, die) => {
      expect((await send('/closed', 'alive')).status).toBe(200)
      gateway.origin.clear()
      await die()
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) => send(i % 2 === 0 ? '/closed' : '/webhook', 'dead')),
      )
      const records = await Promise.all(answers.map((answer) => gateway.recordOf(answer)))
      const slowest = Math.max(...records.map(({ waits }) => waits.admit ?? Number.POSITIVE_INFINITY))
      console.log(
        `200 requests at once without Redis: the slowest waited ${Math.round(slowest)} ms of ${DEADLINE_MS}`,
      )
      expect(slowest).toBeLessThan(DEADLINE_MS + MARGIN_MS)
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503))
      expect(gateway.origin.requests).toHaveLength(0)
      gateway.redis.resume()
      await gateway.redis.restart()
      await gateway.front.acceptAgain().catch(() => undefined)
      const next = await send('/webhook', 'recovered')
      expect(next.status).toBe(200)
      expect(gateway.origin.requests).toHaveLength(1)
    },
  )
})

it('would see a rejection that nobody handles', async () => {
  await gateway.call({ host: 'door.test' })
  const planted = await gateway.workerd.waitForLine((line) => UNHANDLED.test(line), 5000)
  expect(planted).toContain('planted')
  gateway.workerd.lines.splice(0)
})
