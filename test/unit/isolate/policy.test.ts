import { type Authenticator, anonymous, createGateway, defineRoute, type Principal } from 'sallyport'
import { standard } from 'sallyport/webhooks'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Route } from '../../../src/route.ts'
import { admit } from '../../../src/stages/admit/index.ts'
import { guard } from '../../../src/state/isolate/guard.ts'
import {
  type Admission,
  type AdmitRequest,
  type DeliveryClaim,
  StateError,
} from '../../../src/state/state.ts'
import { abortable, admitted, deniedBy, limitOf, never, requestOf, scripted } from './states.ts'

type Failure = NonNullable<Parameters<typeof defineRoute>[0]['failure']>['state']

const base = {
  method: 'GET',
  path: '/x',
  owner: 'orders',
  sensitivity: 'public',
  forward: { to: 'ORIGIN_URL' },
} as const
const routeOf = (state?: unknown): Route =>
  defineRoute({
    ...base,
    authenticate: anonymous(),
    ...(state !== undefined && { failure: { state: state as Exclude<Failure, undefined> } }),
  })
const claim: DeliveryClaim = {
  route: 'x',
  key: '0'.repeat(64),
  requestId: 'first',
  kind: 'delivery',
  leaseMs: 45_000,
  ttlMs: 86_400_000,
  copiesPass: false,
}

const down = async (): Promise<never> => {
  throw new StateError('not reachable')
}

/** Asks a state that answers like this, with a little time; also says what was left for after the answer. */
async function ask(
  answer: (request: AdmitRequest) => ReturnType<ReturnType<typeof scripted>['answer']>,
  route: Route,
  parts: Partial<AdmitRequest> = {},
  deadlineMs = 60,
) {
  const later: Promise<unknown>[] = []
  const backend = scripted(answer)
  const request = requestOf({ background: (promise) => later.push(promise), ...parts })
  const started = performance.now()
  const { consulted, result } = await admit(backend, request, { route, deadlineMs, legacyHeaders: false })
  const tookMs = performance.now() - started
  return { consulted, result, denial: result.ok ? undefined : result.denial, backend, later, tookMs, request }
}

describe('a state that does not decide', () => {
  it.each([
    ['is not reachable', down, 'not reachable', 2],
    ['throws what quotes a request', () => Promise.reject(new Error('token abc')), 'failed', 2],
    ['throws before its first await', () => JSON.parse('{'), 'failed', 2],
    ['hangs', never, 'no answer in time', 2],
    ['hangs until it is aborted', abortable, 'no answer in time', 2],
    [
      'was not asked',
      async () => {
        throw new StateError('not asked: it failed before')
      },
      'not asked: it failed before',
      1,
    ],
  ] as const)(
    'and %s: closed by default, inside the deadline, with the fault in its own words',
    async (_name, answer, fault, tries) => {
      const { consulted, denial, backend, tookMs } = await ask(answer, routeOf())
      expect(denial).toMatchObject({
        code: 'state_unavailable',
        reason: `shared state: ${fault}`,
        retryAfterSeconds: 5,
      })
      expect(denial?.measure).toEqual(
        fault === 'no answer in time' ? { limit: 60, actual: 60, unit: 'milliseconds' } : undefined,
      )
      const wasAsked = fault !== 'not asked: it failed before'
      expect(consulted).toMatchObject({ asked: wasAsked ? 'failed' : 'not-asked', fault, policy: 'closed' })
      expect(backend.asked).toHaveLength(tries)
      expect(tookMs).toBeLessThan(310)
    },
  )

  it('gets a second try at half of the time, with the same token, and both end with the deadline', async () => {
    const started: number[] = []
    const ended: number[] = []
    const { backend } = await ask(
      (request) => {
        request.signal?.addEventListener('abort', () => ended.push(performance.now()))
        started.push(performance.now())
        return abortable(request)
      },
      routeOf(),
      {},
      600,
    )
    const [first = 0, second = 0] = started
    expect(second - first).toBeGreaterThan(250)
    expect(second - first).toBeLessThan(550)
    for (const end of ended) expect(end - first).toBeLessThan(900)
    expect(ended).toHaveLength(2)
    expect(backend.asked.map(({ token, isRetry, waitMs }) => [token, isRetry, waitMs])).toEqual([
      [backend.asked[0]?.token, false, 600],
      [backend.asked[0]?.token, true, 300],
    ])
  })

  it('that answers late, but inside the deadline, decides; the second try is not waited for', async () => {
    const slow = async ({ isRetry, signal }: AdmitRequest) => {
      if (isRetry) return abortable({ signal } as AdmitRequest)
      await new Promise((resolve) => setTimeout(resolve, 280))
      return admitted
    }
    const { consulted, result, backend, tookMs } = await ask(slow, routeOf(), {}, 400)
    expect([result.ok, consulted.asked, backend.asked.length]).toEqual([true, 'answered', 2])
    expect(tookMs).toBeLessThan(390)
    expect(backend.asked.map(({ signal }) => signal?.reason)).toEqual([
      'the wait is over',
      'the wait is over',
    ])
  })

  it('is given back what a late try may take after a denial, and nothing after an admission', async () => {
    const cases: [(request: AdmitRequest) => Promise<Admission>, number][] = [
      [async (request: AdmitRequest) => deniedBy(request), 1],
      [async () => ({ outcome: 'leased', limits: [], retryAfterSeconds: 1 }), 1],
      [async () => ({ outcome: 'done', limits: [], duplicateOf: 'x' }), 0],
      [async () => admitted, 0],
    ]
    for (const [answer, givenBack] of cases) {
      const twice = await ask((request) => (request.isRetry ? answer(request) : down()), routeOf(), {
        limits: [limitOf()],
      })
      await Promise.all(twice.later)
      expect(twice.backend.givenBack).toHaveLength(givenBack)
      const once = await ask(answer, routeOf(), { limits: [limitOf()] })
      expect(once.later).toEqual([])
    }
  })

  it('is given back what it may have taken, once its calls have ended, and nothing where it was not asked', async () => {
    const lost = await ask(down, routeOf())
    await Promise.all(lost.later)
    expect(lost.backend.givenBack.map(({ token }) => token)).toEqual([lost.request.token])
    const dead = guard(scripted(down))
    for (let i = 0; i < 5; i++) await dead.admit(requestOf()).catch(() => undefined)
    dead.admit(requestOf({ token: 'probe', signal: new AbortController().signal })).catch(() => undefined)
    const notAsked = await ask(() => dead.admit(requestOf()), routeOf())
    await Promise.all(notAsked.later)
    expect(notAsked.later).toEqual([])
  })

  it('is not asked where the deadline was used up before', async () => {
    for (const policy of ['closed', 'unsafeAllowWhenStateIsDown', { degraded: { max: 9, window: '1 m' } }]) {
      const { consulted, backend, result } = await ask(async () => admitted, routeOf(policy), {}, 0)
      expect(backend.asked).toEqual([])
      // Whoever could use up the time could otherwise do without the limits.
      expect(consulted).toMatchObject({ asked: 'not-asked', fault: 'no time was left', policy: 'closed' })
      expect(result.ok).toBe(false)
    }
  })

  it('is not taken for down by an isolate that was too busy to hear it', async () => {
    const busy = async (request: AdmitRequest) => {
      const end = performance.now() + 300
      while (performance.now() < end);
      return abortable(request)
    }
    const { consulted, result } = await ask(busy, routeOf('unsafeAllowWhenStateIsDown'))
    expect(consulted).toMatchObject({ asked: 'failed', fault: 'this isolate was too busy', policy: 'closed' })
    expect(result.ok).toBe(false)
  })

  it('has its refusals counted', async () => {
    const counts = [
      (await ask(down, routeOf())).consulted.count,
      (await ask(down, routeOf())).consulted.count,
    ]
    expect(counts[1]).toBe((counts[0] ?? 0) + 1)
  })

  it('that answers the second try is not down', async () => {
    let tries = 0
    const { consulted, result } = await ask(
      () => (tries++ === 0 ? down() : Promise.resolve(admitted)),
      routeOf(),
    )
    expect(result.ok).toBe(true)
    expect(consulted).toEqual({ asked: 'answered', fault: null, policy: null, count: null })
  })

  it('tells the first fault where the breaker opened before the second try', async () => {
    const guarded = guard(scripted(down))
    for (let i = 0; i < 4; i++) await guarded.admit(requestOf()).catch(() => undefined)
    // The fifth failure opens. The next request is the probe, and its second try is not made.
    await ask((request) => guarded.admit(request), routeOf())
    const { consulted } = await ask((request) => guarded.admit(request), routeOf())
    expect(consulted).toMatchObject({ asked: 'failed', fault: 'not reachable' })
  })
})

describe('a route that opens', () => {
  it('lets requests without a claim go on, and counts each such decision', async () => {
    const route = routeOf('unsafeAllowWhenStateIsDown')
    const first = await ask(down, route)
    const second = await ask(never, route)
    expect(first.result).toMatchObject({
      ok: true,
      value: { readings: [], headers: {}, duplicateOf: undefined },
    })
    expect(first.consulted).toMatchObject({ asked: 'failed', fault: 'not reachable', policy: 'allowed' })
    expect(second.consulted).toMatchObject({ policy: 'allowed', count: (first.consulted.count ?? 0) + 1 })
  })

  it.each(['unsafeAllowWhenStateIsDown', { degraded: { max: 10, window: '1 m' } }])(
    'is closed to a request with a claim: %j',
    async (state) => {
      for (const kind of ['delivery', 'once'] as const) {
        const { denial, consulted } = await ask(down, routeOf(state), { claim: { ...claim, kind } })
        expect(denial).toMatchObject({ code: 'state_unavailable', retryAfterSeconds: 5 })
        expect(denial?.extensions).toBeUndefined()
        expect(consulted.policy).toBe('closed')
      }
    },
  )

  it('refuses all the same what shared state denies', async () => {
    const { denial, consulted } = await ask(
      async (request) => deniedBy(request),
      routeOf('unsafeAllowWhenStateIsDown'),
      {
        limits: [limitOf()],
      },
    )
    expect(denial?.code).toBe('rate_limited')
    expect(consulted).toEqual({ asked: 'answered', fault: null, policy: null, count: null })
  })
})

describe('a route with a cap for outages', () => {
  const now = 1_800_000_000_500
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now })
  })
  afterEach(() => {
    vi.useRealTimers()
  })
  const cap = { name: 'spare', max: 3, window: '10 s' }

  it('lets so many through as the cap says, and tells each what is left of it', async () => {
    const route = routeOf({ degraded: cap })
    const seen = []
    for (let i = 0; i < 5; i++) seen.push(await ask(down, route))
    expect(seen.map(({ result }) => result.ok)).toEqual([true, true, true, false, false])
    expect(seen[0]?.result).toMatchObject({
      value: { headers: { 'ratelimit-policy': '"spare";q=3;w=10', ratelimit: '"spare";r=2;t=10' } },
    })
    expect(seen[4]?.denial).toEqual({
      code: 'state_unavailable',
      reason: 'shared state: not reachable, and over the cap of this isolate: spare',
      measure: { limit: 3, actual: 4, unit: 'count' },
      retryAfterSeconds: 10,
      headers: { 'ratelimit-policy': '"spare";q=3;w=10', ratelimit: '"spare";r=0;t=10' },
      extensions: { 'violated-policies': ['spare'] },
    })
    const counts = seen.map(({ consulted }) => consulted.count ?? 0)
    expect(counts).toEqual(counts.map((_, i) => (counts[0] ?? 0) + i))
    expect(new Set(seen.map(({ consulted }) => consulted.policy))).toEqual(new Set(['degraded']))
  })

  it('never lets more through when all ask at once', async () => {
    const route = routeOf({ degraded: { ...cap, max: 7 } })
    const all = await Promise.all(Array.from({ length: 200 }, () => ask(down, route)))
    expect(all.filter(({ result }) => result.ok)).toHaveLength(7)
  })

  it('forgets at the end of the window, and not when the clock is set back', async () => {
    const route = routeOf({ degraded: { max: 1, window: '10 s' } })
    const passes = async (at: number) => {
      vi.setSystemTime(at)
      return (await ask(down, route)).result.ok
    }
    expect(await passes(now)).toBe(true)
    expect(await passes(now + 9_499)).toBe(false)
    expect(await passes(now - 5000)).toBe(false)
    expect(await passes(now + 9_500)).toBe(true)
  })

  it('is not brought back by requests whose bodies took their time', async () => {
    const route = routeOf({ degraded: { max: 2, window: '1 s' } })
    const passed = []
    for (let i = 0; i < 20; i++) {
      const arrivedAt = now - (i % 2 === 0 ? 9000 : 4000)
      passed.push((await ask(down, route, { now: arrivedAt })).result.ok)
    }
    expect(passed.filter(Boolean)).toHaveLength(2)
  })

  it('counts each route by itself', async () => {
    const [one, other] = [routeOf({ degraded: cap }), routeOf({ degraded: cap })]
    for (let i = 0; i < 4; i++) await ask(down, one)
    expect((await ask(down, other)).result.ok).toBe(true)
  })
})

describe('an answer from memory', () => {
  it('is told as such, with Retry-After not before what RateLimit says', async () => {
    const guarded = guard(scripted(async (request) => deniedBy(request, 1000)))
    const limits = [limitOf()]
    const asked = await ask((request) => guarded.admit(request), routeOf(), { limits })
    const known = await ask((request) => guarded.admit(request), routeOf(), { limits })
    expect(asked.consulted.asked).toBe('answered')
    expect(known.consulted).toEqual({ asked: 'remembered', fault: null, policy: null, count: null })
    expect(known.denial).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 20 })
    expect(known.denial?.headers?.ratelimit).toBe('"client";r=0;t=20')
  })
})

describe('at load', () => {
  const load =
    (state: unknown, more: object = {}) =>
    () =>
      defineRoute({
        ...base,
        authenticate: anonymous(),
        failure: { state: state as Exclude<Failure, undefined> },
        ...more,
      })

  it.each([
    [
      { degraded: { max: 0, window: '1 m' } },
      'GET /x: failure.state.degraded.max: is 0; use a whole number above 0',
    ],
    [{ degraded: { max: 1.5, window: '1 m' } }, 'failure.state.degraded.max: is 1.5'],
    [{ degraded: { max: Number.NaN, window: '1 m' } }, 'failure.state.degraded.max: is NaN'],
    [{ degraded: { max: '5', window: '1 m' } }, "failure.state.degraded.max: is '5'; use a whole number"],
    [{ degraded: { window: '1 m' } }, 'failure.state.degraded.max: is missing; use a whole number above 0'],
    [{ degraded: { max: Number.POSITIVE_INFINITY, window: '1 m' } }, 'degraded.max: is Infinity'],
    [{ degraded: { max: 5 } }, 'failure.state.degraded.window: is missing; write a whole number'],
    [{ degraded: { max: 5, window: ['1 m'] } }, 'failure.state.degraded.window: a list is not a duration'],
    [{ degraded: { max: 5, window: '61 m' } }, "failure.state.degraded.window: is 61 m; use at most '1 h'"],
    [{ degraded: { max: 5, window: '1m' } }, "failure.state.degraded.window: '1m' is not a duration"],
    [{ degraded: { max: 5, window: '1 m', name: 'A"' } }, "failure.state.degraded.name: 'A\"' is not a name"],
    [{ degraded: { max: 5, window: '1 m', cap: 1 } }, 'failure.state.degraded.cap: is not an option'],
    [{ degraded: { max: 5, window: '1 m', name: null } }, 'failure.state.degraded.name: null is not a name'],
    [
      { degraded: undefined },
      "failure.state.degraded: is missing; give the cap of an isolate: { max: 10, window: '10 s' }",
    ],
    [{ degraded: 5 }, 'failure.state.degraded: is 5; give the cap of an isolate'],
    [['closed'], "failure.state: a list is not known; use 'closed'"],
    [{ open: true }, 'failure.state.open: is not an option'],
    ['open', "failure.state: 'open' is not known; use 'closed'"],
    [null, 'failure.state: null is not known'],
  ])('refuses %j', (state, message) => {
    expect(load(state)).toThrow(TypeError)
    expect(load(state)).toThrow(message)
  })

  it.each<[unknown, string]>([
    ['closed', "failure: is 'closed'; write { state: 'closed' }"],
    [
      'unsafeAllowWhenStateIsDown',
      "failure: is 'unsafeAllowWhenStateIsDown'; write { state: 'unsafeAllowWhenStateIsDown' }",
    ],
    [null, "failure: is null; write { state: 'closed' }"],
    [[], "failure: is a list; write { state: 'closed' }"],
    [
      { degraded: { max: 5, window: '1 m' } },
      'failure.degraded: belongs into state; write { state: { degraded: { max, window } } }',
    ],
  ])('refuses a policy of no dependency: %j', (failure, message) => {
    expect(load('closed', { failure })).toThrow(new TypeError(`GET /x: ${message}`))
  })

  it('refuses a dependency that is not known', () => {
    expect(load('closed', { failure: { keys: 'closed' } })).toThrow('failure.keys: is not an option')
  })

  it.each(['unsafeAllowWhenStateIsDown', { degraded: { max: 5, window: '1 m' } }])(
    'refuses to open a webhook: %j',
    (state) => {
      expect(load(state, { authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }) })).toThrow(
        "failure.state: must be 'closed' for a webhook: without shared state a delivery cannot be claimed",
      )
      expect(load('closed', { authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }) })).not.toThrow()
    },
  )

  it('refuses a gateway whose first tier names no binding', () => {
    const tiered = (binding: unknown) => () =>
      createGateway({}, { state: {}, firstTier: { binding: binding as string } })
    for (const binding of ['', undefined, {}]) {
      expect(tiered(binding)).toThrow(
        new TypeError(
          "createGateway: firstTier: binding is missing; name a rate-limit binding: { binding: 'FIRST_TIER' }",
        ),
      )
    }
    expect(tiered('FIRST_TIER')).not.toThrow()
  })

  it('refuses a first tier that counts by something else', () => {
    expect(load('closed', { firstTier: 'principal' })).toThrow("firstTier: 'principal' is not known")
  })

  it('counts by client in the first tier, and webhooks not at all', () => {
    expect(routeOf().firstTier).toBe('client')
    for (const kind of ['token', 'apiKey'] as const) {
      const authenticate = { ...anonymous(), kind } as unknown as Authenticator<Principal, typeof kind>
      expect(defineRoute({ ...base, authenticate, authorize: () => true }).firstTier).toBe('client')
    }
    const webhook = { ...base, authenticate: standard({ secret: 'STANDARD_WEBHOOK_SECRET' }) }
    expect(defineRoute(webhook).firstTier).toBe('off')
    expect(defineRoute({ ...webhook, firstTier: 'route' }).firstTier).toBe('route')
  })
})
