import { describe, expect, it, vi } from 'vitest'
import { type FoundKeys, remoteKeys } from '../../../src/keys/index.ts'
import type { Mode } from './issuer.ts'
import { publicJwk, testMeans } from './keys.ts'
import { HOUR, MINUTE, SECOND, times, until, useRig } from './rig.ts'

const rig = useRig()
const fresh = { found: 'keys', isStale: false }
const stale = { found: 'keys', isStale: true }
const asking = {
  found: 'unavailable',
  retryAfterSeconds: 1,
  reason: 'the issuer is being asked for new keys',
}
/** Until the fetch under way has ended, however it ends. */
async function eventuallyNone(ask: (kid: string, remainingMs: number) => Promise<FoundKeys>): Promise<void> {
  let found = await ask('never', 10_000)
  for (let tries = 0; tries < 10 && found.found !== 'none'; tries++) found = await ask('never', 10_000)
  expect(found).toEqual({ found: 'none' })
}
const thumbprintsOf = (found: FoundKeys): string[] =>
  found.found === 'keys' ? found.keys.map(({ thumbprint }) => thumbprint) : []
const rotate = async (...kids: string[]) => {
  rig.issuer.keys = await Promise.all(kids.map((kid) => publicJwk('ES256', { kid })))
}

describe('an isolate that has nothing', () => {
  it('fetches the set once and then answers at once, without a promise', async () => {
    const { source, ask } = rig.isolate()
    expect(await ask()).toMatchObject(fresh)
    const found = source.find({ kid: 'first', algorithm: 'ES256' }, testMeans().means, Date.now())
    expect(found).not.toBeInstanceOf(Promise)
    expect(rig.issuer.fetches).toBe(1)
  })

  it('asks as what it is: no credentials, no redirect, JSON wanted', async () => {
    await rig.isolate().ask()
    const [request] = rig.issuer.requests
    expect(request?.headers).toMatchObject({ accept: 'application/jwk-set+json, application/json' })
    expect(request?.headers.authorization).toBeUndefined()
    expect(request?.headers.cookie).toBeUndefined()
  })

  it('has one fetch in flight, whoever asks meanwhile', async () => {
    rig.issuer.mode = 'silent'
    const { ask } = rig.isolate()
    const asked = times(50, () => ask('first', 10_000))
    await until(() => rig.issuer.fetches === 1)
    rig.issuer.release()
    for (const found of await Promise.all(asked)) expect(found).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(1)
  })

  it('lets 1,000 stand by and tells the others at once', async () => {
    rig.issuer.mode = 'silent'
    const { ask } = rig.isolate()
    let answered = 0
    const asked = times(1100, () => ask('first', 10_000).then((found) => [found, ++answered] as const))
    await until(() => answered === 99 && rig.issuer.fetches === 1)
    rig.issuer.release()
    const outcomes = (await Promise.all(asked)).map(([{ found }]) => found)
    expect(outcomes.filter((found) => found === 'keys')).toHaveLength(1001)
    expect(outcomes.filter((found) => found === 'unavailable')).toHaveLength(99)
    expect(rig.issuer.fetches).toBe(1)
  })

  it('waits no longer than the request has time, and the fetch goes on without it', async () => {
    rig.issuer.mode = 'silent'
    const { ask } = rig.isolate()
    expect(await ask('first', 20)).toEqual({
      found: 'unavailable',
      retryAfterSeconds: 1,
      reason: 'the issuer has not answered yet',
    })
    expect(await ask('first', 20)).toMatchObject({ found: 'unavailable' })
    rig.issuer.release()
    await until(() => rig.issuer.fetches === 1)
    expect(await ask('first', 10_000)).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(1)
  })

  it('waits longer and longer between fetches that fail, a minute at most, and starts anew after a success', async () => {
    rig.issuer.mode = 'dead'
    const { askAndSettle } = rig.isolate()
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      const fetches = rig.issuer.requests.length
      expect(await askAndSettle()).toMatchObject({ found: 'unavailable' })
      expect(rig.issuer.requests.length).toBe(fetches + 1)
      // A quarter of the pause is jitter.
      rig.pass(seconds * 0.7 * SECOND)
      const { retryAfterSeconds } = (await askAndSettle()) as { retryAfterSeconds: number }
      expect(rig.issuer.requests.length).toBe(fetches + 1)
      expect(retryAfterSeconds).toBeGreaterThanOrEqual(1)
      expect(retryAfterSeconds).toBeLessThanOrEqual(Math.max(1, Math.ceil(seconds * 0.3)))
      rig.pass(seconds * 0.3 * SECOND)
    }
    rig.issuer.mode = 'ok'
    expect(await askAndSettle()).toMatchObject(fresh)
    rig.pass(25 * HOUR)
    rig.issuer.mode = 'dead'
    await askAndSettle()
    rig.issuer.mode = 'ok'
    rig.pass(SECOND)
    expect(await askAndSettle()).toMatchObject(fresh)
  })

  it.each<[Mode, string]>([
    ['dead', 'the issuer cannot be reached'],
    ['error', 'the issuer answered with status 503'],
    ['redirect', 'the issuer answered with status 302'],
    ['html', 'the key set is no strict JSON: syntax'],
    ['empty', 'the key set has no usable key'],
    ['huge', "the issuer's document has more than 65536 bytes"],
    ['bomb', "the issuer's document has more than 65536 bytes"],
    ['many', 'the key set has 65 keys'],
  ])('takes nothing from an issuer that is %s', async (mode, reason) => {
    rig.issuer.mode = mode
    const found = await rig.isolate().askAndSettle('first', 10_000)
    expect(found).toMatchObject({ found: 'unavailable', reason })
    expect(rig.issuer.requests).toHaveLength(1)
  })

  it.each<Mode>(['silent', 'drip'])('gives an issuer that is %s five seconds', async (mode) => {
    rig.issuer.mode = mode
    const { askAndSettle } = rig.isolate()
    await askAndSettle('first', 20)
    expect(await askAndSettle()).toMatchObject({
      found: 'unavailable',
      reason: 'the issuer did not answer in time',
    })
  })

  it('tries again when the fetch under way is lost with its request', async () => {
    rig.issuer.mode = 'silent'
    const { ask } = rig.isolate()
    await ask('first', 20)
    await until(() => rig.issuer.fetches === 1)
    rig.pass(7 * SECOND)
    await ask('first', 20)
    expect(rig.issuer.fetches).toBe(1)
    rig.pass(2 * SECOND)
    await ask('first', 20)
    await until(() => rig.issuer.fetches === 2)
    rig.issuer.release()
    expect(await ask('first', 10_000)).toMatchObject(fresh)
  })

  it('hears no more of a fetch that was given up, neither its set nor its failure', async () => {
    const { ask, askAndSettle } = rig.isolate({ jwksUrl: undefined })
    const { issuer } = rig
    const asked = () => issuer.requests.length
    for (const metadata of [{}, { issuer: 'http://127.0.0.1:1' }]) {
      issuer.mode = 'silent'
      issuer.requests = []
      const lost = askAndSettle('none of them', 20)
      await until(() => asked() === 1)
      rig.pass(31 * SECOND)
      issuer.mode = 'ok'
      await rotate('second')
      await askAndSettle('none of them')
      expect(await ask('second')).toMatchObject(fresh)
      await rotate('third')
      issuer.metadata = metadata
      issuer.release()
      await lost
      expect(await ask('second')).toMatchObject(fresh)
      issuer.metadata = {}
      await rotate('second')
      // After a failure this would be three requests, the metadata first.
      issuer.requests = []
      rig.pass(9 * MINUTE)
      await askAndSettle('second')
      expect(issuer.requests.map(({ path }) => path)).toEqual(['/jwks.json'])
      rig.pass(25 * HOUR)
    }
  })

  it('takes no private key from a set, and the public ones beside it', async () => {
    rig.issuer.keys = [
      { ...(await publicJwk('ES256', { kid: 'leaked' })), d: 'AAAA' },
      await publicJwk('ES256', { kid: 'good' }),
    ]
    const { ask } = rig.isolate()
    expect(await ask('good')).toMatchObject(fresh)
    expect(await ask('leaked')).toEqual({ found: 'none' })
  })

  it('tries both of two keys that share a kid', async () => {
    await rotate('same', 'same', 'same')
    expect(await rig.isolate().ask('same')).toMatchObject({ keys: { length: 2 } })
  })
})

describe('a set that grows old', () => {
  it('is refreshed after the answer from 80 % of its lifetime on, give or take 5', async () => {
    const { askAndSettle, source } = rig.isolate()
    const [thumbprint = ''] = thumbprintsOf(await askAndSettle())
    rig.pass(7.4 * MINUTE)
    expect(source.standing(thumbprint, Date.now())).toBe('current')
    expect(await askAndSettle()).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(1)
    rig.pass(1.2 * MINUTE)
    // Who remembers a verified token must ask, so that somebody begins the refresh.
    expect(source.standing(thumbprint, Date.now())).toBeUndefined()
    rig.issuer.mode = 'silent'
    expect(await rig.isolate().ask('first', 1)).toMatchObject({ found: 'unavailable' })
    rig.issuer.mode = 'ok'
    expect(await askAndSettle()).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(3)
    expect(source.standing(thumbprint, Date.now())).toBe('current')
  })

  it('serves without a wait while the refresh hangs, and asks no second time', async () => {
    const { ask, askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.pass(9 * MINUTE)
    rig.issuer.mode = 'silent'
    for (const found of await Promise.all(times(20, () => ask()))) expect(found).toMatchObject(fresh)
    await until(() => rig.issuer.fetches === 2)
    rig.issuer.release()
  })

  it('is refreshed at a moment of its own in every isolate', async () => {
    const shares = [0, 0.5, 0.999999].map((random) => {
      vi.spyOn(Math, 'random').mockReturnValue(random)
      return rig.isolate()
    })
    for (const [i, { askAndSettle }] of shares.entries()) {
      vi.spyOn(Math, 'random').mockReturnValue([0, 0.5, 0.999999][i] ?? 0)
      await askAndSettle()
    }
    rig.pass(7.6 * MINUTE)
    for (const { askAndSettle } of shares) await askAndSettle()
    expect(rig.issuer.fetches).toBe(4)
  })

  it('past its lifetime is waited for by the request that begins the fetch, and by no other', async () => {
    const { ask, askAndSettle } = rig.isolate()
    await askAndSettle()
    await rotate('second')
    rig.pass(11 * MINUTE)
    rig.issuer.mode = 'silent'
    let isOver = false
    const first = ask('first', 10_000).finally(() => {
      isOver = true
    })
    expect(await ask('first')).toMatchObject(stale)
    expect(isOver).toBe(false)
    await until(() => rig.issuer.fetches === 2)
    rig.issuer.release()
    expect(await first).toEqual({ found: 'none' })
    expect(await ask('second')).toMatchObject(fresh)
  })

  it('past its lifetime is said to be so to whoever remembers a verified token', async () => {
    const { source, askAndSettle } = rig.isolate()
    const [thumbprint = ''] = thumbprintsOf(await askAndSettle())
    rig.issuer.mode = 'dead'
    rig.pass(11 * MINUTE)
    expect(source.standing(thumbprint, Date.now())).toBeUndefined()
    expect(await askAndSettle()).toMatchObject(stale)
    expect(source.standing(thumbprint, Date.now())).toBe('stale')
    rig.issuer.mode = 'ok'
    rig.pass(2 * SECOND)
    expect(source.standing(thumbprint, Date.now())).toBeUndefined()
    expect(await askAndSettle()).toMatchObject({ found: 'keys' })
    await until(() => source.standing(thumbprint, Date.now()) === 'current')
    rig.pass(25 * HOUR)
    expect(source.standing(thumbprint, Date.now())).toBeUndefined()
  })

  it('past its lifetime serves stale where the issuer is slow', async () => {
    const { ask, askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.pass(11 * MINUTE)
    rig.issuer.mode = 'silent'
    expect(await ask('first', 40)).toMatchObject(stale)
  })

  it('past its lifetime serves stale at once where the last fetch failed', async () => {
    const { source, askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.issuer.mode = 'dead'
    rig.pass(11 * MINUTE)
    expect(await askAndSettle()).toMatchObject(stale)
    rig.pass(2 * SECOND)
    rig.issuer.mode = 'silent'
    const { means } = testMeans()
    const found = source.find({ kid: 'first', algorithm: 'ES256' }, means, Date.now())
    expect(found).not.toBeInstanceOf(Promise)
    expect(found).toMatchObject(stale)
  })

  it.each<Mode>(['dead', 'error', 'redirect', 'html', 'empty', 'huge', 'bomb', 'many'])(
    'outlives hours of an issuer that is %s, a day and no longer, and recovers',
    async (mode) => {
      const { askAndSettle } = rig.isolate()
      await askAndSettle()
      rig.issuer.mode = mode
      for (let hours = 1; hours <= 23; hours++) {
        rig.pass(HOUR)
        expect(await askAndSettle()).toMatchObject(stale)
      }
      rig.pass(59 * MINUTE)
      expect(await askAndSettle()).toMatchObject(stale)
      rig.pass(2 * MINUTE)
      expect(await askAndSettle('first', 10_000)).toMatchObject({ found: 'unavailable' })
      rig.issuer.mode = 'ok'
      rig.pass(MINUTE)
      expect(await askAndSettle()).toMatchObject(fresh)
    },
  )

  it('is fetched at most once a minute through an outage', async () => {
    const { askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.issuer.mode = 'dead'
    rig.pass(10 * MINUTE)
    for (let i = 0; i < 3600; i++) {
      rig.pass(SECOND)
      expect(await askAndSettle()).toMatchObject({ found: 'keys' })
    }
    // Six on the way up to a minute, and one in 45 to 60 seconds after that.
    expect(rig.issuer.requests.length).toBeGreaterThan(60)
    expect(rig.issuer.requests.length).toBeLessThan(90)
  })

  it('lives as long as the issuer says, within bounds', async () => {
    rig.issuer.headers = { 'cache-control': 'max-age=2400' }
    const { askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.pass(29 * MINUTE)
    await askAndSettle()
    expect(rig.issuer.fetches).toBe(1)
    rig.pass(5.5 * MINUTE)
    await askAndSettle()
    expect(rig.issuer.fetches).toBe(2)
  })

  it('is only asked about where it has a validator, and lives on unchanged', async () => {
    rig.issuer.headers = { etag: '"one"' }
    const { askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.pass(9 * MINUTE)
    await askAndSettle()
    expect(rig.issuer.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"one"'])
    rig.pass(7 * MINUTE)
    expect(await askAndSettle()).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(2)
  })

  it('is fetched again by a clock that was set back, and serves meanwhile', async () => {
    const { askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.pass(-3 * HOUR)
    expect(await askAndSettle()).toMatchObject({ found: 'keys' })
    expect(rig.issuer.fetches).toBe(2)
    expect(await askAndSettle()).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(2)
  })
})

describe('a rotation', () => {
  it('is seen with the first token of the new key', async () => {
    const { askAndSettle } = rig.isolate()
    await askAndSettle()
    await rotate('first', 'second')
    rig.pass(31 * SECOND)
    expect(await askAndSettle('second')).toMatchObject(fresh)
    expect(rig.issuer.fetches).toBe(2)
  })

  it('takes a removed key away with the next successful fetch', async () => {
    const { askAndSettle, source } = rig.isolate()
    const [thumbprint = ''] = thumbprintsOf(await askAndSettle())
    await rotate('second')
    rig.pass(31 * SECOND)
    expect(source.standing(thumbprint, Date.now())).toBe('current')
    await askAndSettle('second')
    expect(await askAndSettle('first')).toEqual({ found: 'none' })
    expect(source.standing(thumbprint, Date.now())).toBeUndefined()
  })

  it('to another key under the same kid takes the old one away', async () => {
    const { askAndSettle } = rig.isolate()
    const [before] = thumbprintsOf(await askAndSettle())
    await rotate('first')
    rig.pass(9 * MINUTE)
    await askAndSettle()
    const after = thumbprintsOf(await askAndSettle())
    expect(after).toHaveLength(1)
    expect(after[0]).not.toBe(before)
  })
})

describe('keys that the set does not know', () => {
  it('cost one fetch in 30 seconds, however many ask', async () => {
    const { askAndSettle } = rig.isolate()
    await askAndSettle()
    for (let window = 0; window < 3; window++) {
      rig.pass(30 * SECOND)
      const found = await Promise.all(times(300, (i) => askAndSettle(`unknown-${window}-${i}`, 10_000)))
      // On a machine that stalls some may have waited for less than the fetch.
      for (const one of found) expect([asking, { found: 'none' }]).toContainEqual(one)
      expect(rig.issuer.fetches).toBe(2 + window)
      rig.pass(29 * SECOND)
      const again = await Promise.all(times(300, (i) => askAndSettle(`again-${window}-${i}`)))
      for (const one of again) expect(one).toEqual({ found: 'none' })
      expect(rig.issuer.fetches).toBe(2 + window)
      rig.pass(-29 * SECOND)
    }
  })

  it('keep nobody waiting who has a good one, while the issuer hangs', async () => {
    const { ask, askAndSettle, source } = rig.isolate()
    await askAndSettle()
    rig.pass(31 * SECOND)
    rig.issuer.mode = 'silent'
    const flood = times(500, (i) => ask(`unknown-${i}`, 10_000))
    await until(() => rig.issuer.fetches === 2)
    const found = source.find({ kid: 'first', algorithm: 'ES256' }, testMeans().means, Date.now())
    expect(found).not.toBeInstanceOf(Promise)
    expect(found).toMatchObject(fresh)
    rig.issuer.release()
    await Promise.all(flood)
    expect(rig.issuer.fetches).toBe(2)
  })

  it('are waited for by 1,000 beside the one that asks, and all others are told at once to come again', async () => {
    const { ask, askAndSettle } = rig.isolate()
    await askAndSettle()
    await rotate('first', 'second')
    rig.pass(31 * SECOND)
    rig.issuer.mode = 'silent'
    let answered = 0
    const asked = times(1100, () => ask('second', 10_000).then((found) => [found, ++answered] as const))
    await until(() => answered === 99 && rig.issuer.fetches === 2)
    expect(await ask('second', 10_000)).toEqual(asking)
    rig.issuer.release()
    const outcomes = (await Promise.all(asked)).map(([{ found }]) => found)
    // Whoever waited longer than a second, on a machine that stalls, is told the same as the others.
    expect(outcomes.filter((found) => found === 'unavailable').length).toBeGreaterThanOrEqual(99)
    expect(outcomes).not.toContain('none')
    expect(await ask('second')).toMatchObject(fresh)
    expect(await ask('third')).toEqual({ found: 'none' })
  })

  it('are not said to be none while the issuer is being asked, whoever began the fetch', async () => {
    const { ask, askAndSettle } = rig.isolate()
    await askAndSettle()
    await rotate('first', 'second')
    for (const [fetches, minutes] of [
      [2, 0.6],
      // A refresh that is due, and one of a set past its lifetime.
      [3, 9],
      [4, 11],
    ] as const) {
      rig.pass(minutes * MINUTE)
      rig.issuer.mode = 'silent'
      if (fetches > 2) await ask('first', 20)
      expect(await ask(`unknown-${fetches}`, 20)).toEqual(asking)
      expect(await ask(`unknown-${fetches}`, 20)).toEqual(asking)
      await until(() => rig.issuer.fetches === fetches)
      rig.issuer.mode = 'ok'
      rig.issuer.release()
      expect(await ask('second', 10_000)).toMatchObject({ found: 'keys' })
      await eventuallyNone(ask)
    }
  })

  it('are none once the fetch for them has failed', async () => {
    const { ask, askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.pass(31 * SECOND)
    rig.issuer.mode = 'silent'
    expect(await ask('unknown', 20)).toEqual(asking)
    await until(() => rig.issuer.fetches === 2)
    rig.issuer.mode = 'error'
    rig.issuer.release()
    await eventuallyNone(ask)
    expect(rig.issuer.fetches).toBe(2)
  })

  it('do not keep the set from being known when the issuer comes back', async () => {
    const { askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.issuer.mode = 'dead'
    await rotate('first', 'second')
    rig.pass(31 * SECOND)
    for (let i = 0; i < 20; i++) expect(await askAndSettle(`unknown-${i}`)).toEqual({ found: 'none' })
    expect(rig.issuer.requests).toHaveLength(2)
    rig.issuer.mode = 'ok'
    rig.pass(31 * SECOND)
    expect(await askAndSettle('second')).toMatchObject(fresh)
  })

  it('are not fetched for by a token of another algorithm more than once either', async () => {
    const { ask, askAndSettle } = rig.isolate()
    await askAndSettle()
    rig.pass(31 * SECOND)
    for (let i = 0; i < 20; i++) expect(await ask('first', 1000, 'RS256')).toEqual({ found: 'none' })
    expect(rig.issuer.fetches).toBe(2)
  })
})

describe('discovery', () => {
  const discover = () => rig.isolate({ jwksUrl: undefined })
  const paths = () => rig.issuer.requests.map(({ path }) => path)
  const OPENID = '/.well-known/openid-configuration'
  const OAUTH = '/.well-known/oauth-authorization-server'

  it('finds the key set by the metadata, and asks for them again only after a day', async () => {
    const { askAndSettle } = discover()
    expect(await askAndSettle()).toMatchObject(fresh)
    expect(paths()).toEqual([OPENID, '/jwks.json'])
    rig.pass(9 * MINUTE)
    await askAndSettle()
    expect(paths()).toEqual([OPENID, '/jwks.json', '/jwks.json'])
    rig.pass(23.9 * HOUR)
    await askAndSettle()
    expect(paths().slice(3)).toEqual([OPENID, '/jwks.json'])
  })

  it('asks again after a failure, so that a key set may move', async () => {
    const { askAndSettle } = discover()
    await askAndSettle()
    rig.issuer.missing = ['/jwks.json']
    rig.pass(9 * MINUTE)
    await askAndSettle()
    rig.issuer.metadata = { jwks_uri: `${rig.issuer.url}/moved.json` }
    rig.pass(SECOND)
    await askAndSettle()
    expect(paths().slice(2)).toEqual(['/jwks.json', OPENID, '/moved.json'])
    rig.pass(MINUTE)
    expect(await askAndSettle()).toMatchObject(fresh)
  })

  it('falls back to RFC 8414', async () => {
    rig.issuer.missing = [OPENID]
    expect(await discover().askAndSettle()).toMatchObject(fresh)
    expect(paths()).toEqual([OPENID, OAUTH, '/jwks.json'])
  })

  it.each<[string, unknown, string]>([
    ['another issuer', { issuer: 'http://127.0.0.1:1' }, "the issuer's metadata name another issuer"],
    ['no issuer', { issuer: undefined }, "the issuer's metadata name another issuer"],
    ['a list of issuers', { issuer: ['x'] }, "the issuer's metadata name another issuer"],
    ['no key set', { jwks_uri: undefined }, "the jwks_uri of the issuer's metadata is not a URL"],
    [
      'a key set in the clear',
      { jwks_uri: 'http://169.254.169.254/jwks' },
      "the jwks_uri of the issuer's metadata is not https",
    ],
  ])('refuses metadata with %s', async (_, metadata, reason) => {
    rig.issuer.metadata = metadata as Record<string, unknown>
    expect(await discover().askAndSettle()).toMatchObject({ found: 'unavailable', reason })
    expect(paths()).toEqual([OPENID, OAUTH])
  })

  it('refuses an issuer that differs by a slash', async () => {
    rig.issuer.metadata = { issuer: `${rig.issuer.url}/` }
    expect(await discover().askAndSettle()).toMatchObject({ found: 'unavailable' })
  })

  it('asks a dead issuer one thing only', async () => {
    rig.issuer.mode = 'dead'
    await discover().askAndSettle()
    expect(paths()).toEqual([OPENID])
  })
})

describe('remoteKeys', () => {
  const options = { issuer: 'https://issuer.example', algorithms: ['ES256'] }

  it('is one source for equal options, and another for others', () => {
    expect(remoteKeys(options)).toBe(remoteKeys({ ...options, algorithms: ['ES256'] }))
    expect(remoteKeys(options)).not.toBe(remoteKeys({ ...options, algorithms: ['ES256', 'ES384'] }))
    expect(remoteKeys(options)).not.toBe(remoteKeys({ ...options, issuer: 'https://issuer.example/' }))
    expect(remoteKeys(options)).not.toBe(remoteKeys({ ...options, jwksUrl: 'https://issuer.example/jwks' }))
  })

  it('keeps 64 sources and lets the oldest go', () => {
    const nth = (i: number) => remoteKeys({ ...options, issuer: `https://issuer-${i}.example` })
    const sources = times(64, nth)
    expect(nth(0)).toBe(sources[0])
    nth(64)
    expect(nth(63)).toBe(sources[63])
    expect(nth(0)).not.toBe(sources[0])
  })

  it.each<[string, object, RegExp]>([
    [
      'an issuer in the clear',
      { issuer: 'http://issuer.example' },
      /^remoteKeys: issuer: is not https; write/,
    ],
    ['an issuer that is no URL', { issuer: 'issuer' }, /^remoteKeys: issuer: is not a URL; write/],
    ['a key set in the clear', { jwksUrl: 'http://a.example' }, /^remoteKeys: jwksUrl: is not https; write/],
    ['no algorithm', { algorithms: [] }, /^remoteKeys: algorithms: is missing; list/],
    [
      'a shared secret',
      { algorithms: ['ES256', 'HS256'] },
      /'HS256' is not an algorithm with public keys; use ES256/,
    ],
    ['none', { algorithms: ['none'] }, /'none' is not an algorithm with public keys/],
    ['a name of the prototype', { algorithms: ['constructor'] }, /'constructor' is not an algorithm/],
  ])('refuses %s', (_, more, message) => {
    expect(() => remoteKeys({ ...options, ...more })).toThrow(message)
    expect(() => remoteKeys({ ...options, ...more })).toThrow(TypeError)
  })
})
