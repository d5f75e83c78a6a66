import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rateLimitHeaders } from '../../src/lib/rate-limit.ts'

const INTEGER = /^-?[0-9]{1,15}/
const STRING = /^"((?:[ !#-[\]-~]|\\["\\])*)"/
const KEY = /^[a-z*][a-z0-9_.*-]*/

/** A List of Strings with Integer parameters, read as RFC 9651 section 4.2 says; throws for anything else. */
function parseList(text: string): { name: string; parameters: Record<string, number> }[] {
  let rest = text.replace(/^ +| +$/g, '')
  const take = (pattern: RegExp, what: string): RegExpExecArray => {
    const match = pattern.exec(rest)
    if (!match) throw new SyntaxError(`no ${what} at ${JSON.stringify(rest)}`)
    rest = rest.slice(match[0].length)
    return match
  }
  const members: ReturnType<typeof parseList> = []
  while (rest !== '') {
    const name = (take(STRING, 'String')[1] ?? '').replaceAll(/\\(["\\])/g, '$1')
    const parameters: Record<string, number> = {}
    while (rest.startsWith(';')) {
      take(/^; */, 'parameter')
      const key = take(KEY, 'key')[0]
      take(/^=/, '=')
      parameters[key] = Number(take(INTEGER, 'Integer')[0])
      if (/^[0-9.]/.test(rest)) throw new SyntaxError(`not an Integer before ${JSON.stringify(rest)}`)
    }
    members.push({ name, parameters })
    if (rest === '') break
    take(/^[ \t]*,[ \t]*/, 'comma')
    if (rest === '') throw new SyntaxError('a comma at the end')
  }
  return members
}

const reading = {
  name: 'orders:burst',
  max: 20,
  windowMs: 10_000,
  remaining: 3,
  resetSeconds: 2,
} as const

describe('the parser of this test', () => {
  it.each(['"a";r=1', '"a";r=1, "b\\"c";q=2;w=3', '"a"', '"a";r=999999999999999', ''])('takes %s', (text) => {
    expect(() => parseList(text)).not.toThrow()
  })
  it.each([
    'a;r=1',
    '"a";r=1,',
    '"a";r=1.5',
    '"a";r=1e21',
    '"a";r=1000000000000000',
    '"a";R=1',
    '"ü"',
    '"a" "b"',
    '"a";r=',
    '"a"x',
    '"a\\n"',
  ])('refuses %s', (text) => {
    expect(() => parseList(text)).toThrow(SyntaxError)
  })
})

describe('RateLimit and RateLimit-Policy', () => {
  it('tell policy, rest and time of each limit under its own name', () => {
    expect(rateLimitHeaders([reading, { ...reading, name: '*:shared', max: 5, remaining: 0 }])).toEqual({
      'ratelimit-policy': '"burst";q=20;w=10, "shared";q=5;w=10',
      ratelimit: '"burst";r=3;t=2, "shared";r=0;t=2',
    })
  })

  it('are absent where nothing was read', () => {
    expect(rateLimitHeaders([])).toEqual({})
    expect(rateLimitHeaders([], { policies: [reading], legacy: true })).toEqual({})
  })

  it('tell every policy of the route, also when only one limit was read', () => {
    const policies = [reading, { name: 'orders:day', max: 1000, windowMs: 86_400_000 }]
    expect(rateLimitHeaders([reading], { policies })).toEqual({
      'ratelimit-policy': '"burst";q=20;w=10, "day";q=1000;w=86400',
      ratelimit: '"burst";r=3;t=2',
    })
  })

  it('are valid structured fields with every required parameter, whatever was read', () => {
    const number = fc.oneof(
      fc.double({ min: 0, noNaN: true }),
      fc.nat(),
      fc.maxSafeNat(),
      fc.constantFrom(-1, -0.5, 0.5, 1e15, 1e21, Number.MAX_VALUE, Number.POSITIVE_INFINITY),
    )
    const readings = fc.array(
      fc.record({
        name: fc.stringMatching(/^([a-z0-9][a-z0-9-]{0,63}|\*):[a-z][a-z0-9-]{0,31}$/),
        max: number,
        windowMs: number,
        remaining: number,
        resetSeconds: number,
      }),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(readings, fc.boolean(), (read, legacy) => {
        const headers = rateLimitHeaders(read, { legacy })
        const names = read.map(({ name }) => name.split(':')[1])
        const policies = parseList(headers['ratelimit-policy'] ?? '')
        const rests = parseList(headers.ratelimit ?? '')
        expect(policies.map(({ name }) => name)).toEqual(names)
        expect(rests.map(({ name }) => name)).toEqual(names)
        for (const { parameters } of policies) {
          expect(Object.keys(parameters)).toEqual(['q', 'w'])
          expect(parameters.q).toBeGreaterThanOrEqual(0)
          expect(parameters.w).toBeGreaterThan(0)
        }
        for (const { parameters } of rests) {
          expect(Object.keys(parameters)).toEqual(['r', 't'])
          expect(Math.min(parameters.r ?? -1, parameters.t ?? -1)).toBeGreaterThanOrEqual(0)
        }
        const others = Object.entries(headers).filter(([name]) => name.startsWith('x-'))
        expect(others).toHaveLength(legacy ? 3 : 0)
        for (const [, value] of others) expect(value).toMatch(/^[0-9]{1,15}$/)
      }),
    )
  })

  it('round the rest down and times up, and cap what has more than 15 digits', () => {
    const huge = { ...reading, max: Number.MAX_SAFE_INTEGER, remaining: 1e300, windowMs: 1 }
    expect(rateLimitHeaders([huge, { ...reading, remaining: 2.9, resetSeconds: 1.1 }])).toEqual({
      'ratelimit-policy': '"burst";q=999999999999999;w=1, "burst";q=20;w=10',
      ratelimit: '"burst";r=999999999999999;t=2, "burst";r=2;t=2',
    })
  })
})

describe('X-RateLimit-*', () => {
  it('are absent unless they are asked for', () => {
    expect(Object.keys(rateLimitHeaders([reading]))).toEqual(['ratelimit-policy', 'ratelimit'])
  })

  it('tell the limit with the fewest units left, in seconds from now', () => {
    const wide = { ...reading, name: 'orders:day', max: 1000, remaining: 900, resetSeconds: 80_000 }
    expect(rateLimitHeaders([wide, reading], { legacy: true })).toMatchObject({
      'x-ratelimit-limit': '20',
      'x-ratelimit-remaining': '3',
      'x-ratelimit-reset': '2',
    })
  })

  it('tell the slowest of those that have as many left', () => {
    const slow = { ...reading, name: 'orders:day', max: 1000, resetSeconds: 80_000 }
    for (const order of [
      [slow, reading],
      [reading, slow],
    ]) {
      expect(rateLimitHeaders(order, { legacy: true })).toMatchObject({
        'x-ratelimit-limit': '1000',
        'x-ratelimit-reset': '80000',
      })
    }
  })
})
