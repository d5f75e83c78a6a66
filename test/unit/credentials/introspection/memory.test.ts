import { describe, expect, it } from 'vitest'
import { NOW } from '../api-key/calls.ts'
import { active, envOf, outcome, route, SECONDS, use } from './tokens.ts'
import { useIntrospection } from './use.ts'

const server = useIntrospection()
const codeOf = (result: Awaited<ReturnType<typeof use>>) => (result.ok ? 'in' : result.denial.code)

describe('answers', () => {
  it('hold for 30 s, and the token is asked about again after it', async () => {
    const env = envOf(server.url)
    for (const now of [NOW, NOW + 29_999]) expect((await use({ env, now })).ok).toBe(true)
    expect(server.asked).toHaveLength(1)
    server.answer({ active: false })
    expect(codeOf(await use({ env, now: NOW + 30_000 }))).toBe('credential_refused')
    expect(server.asked).toHaveLength(2)
  })

  it('hold for as long as the route says', async () => {
    const by = route({ cache: '2 m', negativeCache: '1 s' })
    const env = envOf(server.url)
    for (const now of [NOW, NOW + 119_999, NOW + 120_000]) await use({ env, by, now })
    expect(server.asked).toHaveLength(2)
    server.answer({ active: false })
    for (const now of [NOW, NOW + 999, NOW + 1000]) await use({ env, by, now, token: 'another' })
    expect(server.asked).toHaveLength(4)
  })

  it('never hold past exp', async () => {
    server.answer(active({ exp: SECONDS + 5 }))
    const env = envOf(server.url)
    expect((await use({ env })).ok).toBe(true)
    // The tolerance of 30 s is the route's own.
    const by = route({ tolerance: '1 ms', cache: '5 m' })
    expect((await use({ env, by, now: NOW + 5000 })).ok).toBe(true)
    expect(outcome(await use({ env, by, now: NOW + 5001 }))).toBe('credential_refused: the token has expired')
    expect(server.asked).toHaveLength(1)
  })

  it('of one token say nothing of another, be it the same but for a character', async () => {
    const env = envOf(server.url)
    server.answer(({ form }) => active({ active: form.get('token') === 'abc' }))
    for (const [token, code] of [
      ['abc', 'in'],
      ['abC', 'credential_refused'],
      ['ab', 'credential_refused'],
      ['abc=', 'credential_refused'],
    ] as const)
      expect(codeOf(await use({ env, token }))).toBe(code)
    expect(server.asked).toHaveLength(4)
  })

  it('are shared by routes, and each route still has its own audience and schema', async () => {
    const env = envOf(server.url)
    expect((await use({ env })).ok).toBe(true)
    expect(codeOf(await use({ env, by: route({ audience: 'billing-api' }) }))).toBe('credential_refused')
    expect(codeOf(await use({ env, by: route({ audience: ['billing-api', 'other'] }) }))).toBe('in')
    expect(server.asked).toHaveLength(1)
  })

  it('are of one client: another client of the same endpoint asks for itself', async () => {
    for (const env of [envOf(server.url), envOf(server.url)]) await use({ env })
    expect(server.asked).toHaveLength(2)
  })
})

describe('questions', () => {
  it('are one for 100 requests with one token', async () => {
    const env = envOf(server.url)
    server.answer({ body: JSON.stringify(active()), delayMs: 100 })
    const results = await Promise.all(Array.from({ length: 100 }, () => use({ env, remainingMs: 20_000 })))
    expect(results.map(codeOf)).toEqual(Array(100).fill('in'))
    expect(server.asked).toHaveLength(1)
  })

  it('are at most 50 at a time, and the rest is a 503 at once', async () => {
    const env = envOf(server.url)
    server.answer({ body: JSON.stringify(active()), delayMs: 1000 })
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) => use({ env, token: `t-${i}`, remainingMs: 20_000 })),
    )
    expect(server.asked).toHaveLength(50)
    const codes = results.map(codeOf)
    expect(codes.filter((code) => code === 'in')).toHaveLength(50)
    expect(codes.filter((code) => code === 'issuer_unavailable')).toHaveLength(150)
  })

  it('about junk are at most 50 a second, and a token that is remembered passes meanwhile', async () => {
    const env = envOf(server.url)
    expect((await use({ env, token: 'good' })).ok).toBe(true)
    server.answer({ active: false })
    for (let i = 0; i < 300; i++) await use({ env, token: `junk-${i}` })
    expect(server.asked).toHaveLength(51)
    expect((await use({ env, token: 'good' })).ok).toBe(true)
  })

  it('about a token whose answer was remembered a moment ago are asked in a flood of junk', async () => {
    const env = envOf(server.url)
    server.answer(({ form }) => active({ active: form.get('token') === 'good' }))
    expect((await use({ env, token: 'good' })).ok).toBe(true)
    const now = NOW + 30_000
    for (let i = 0; i < 300; i++) await use({ env, token: `junk-${i}`, now })
    expect(server.asked).toHaveLength(51)
    expect((await use({ env, token: 'good', now })).ok).toBe(true)
    expect(server.asked).toHaveLength(52)
  })

  it('that one token alone fails at are a 503 for it, and for no other token', async () => {
    const json = JSON.stringify(active())
    for (const odd of [
      { status: 400, body: '{"error":"invalid_request"}' },
      { status: 403, headers: { 'content-type': 'text/html' }, body: 'blocked' },
      { status: 413 },
      { status: 422 },
      { body: json.replace('{', '{"sub":"bob",') },
      { body: json.replace('ann', '\\ud800') },
      { body: Buffer.from(json.replace('ann', '\xff'), 'latin1') },
      { body: json.replace('{', `{"groups":[${Array(2000).fill(1)}],`) },
      { body: json.replace('{', `{"a":${'['.repeat(16)}${']'.repeat(16)},`) },
      { body: json.replace('{', '{"__proto__":{},') },
      { body: json.replace('{', '{"a":1e400,') },
      { body: json.replace('{', `{"a":"${'a'.repeat(65_536)}",`) },
    ]) {
      const env = envOf(server.url)
      server.answer(({ form }) => (form.get('token')?.startsWith('odd') ? odd : active()))
      for (let i = 0; i < 5; i++) {
        const said = [
          codeOf(await use({ env, token: `odd-${i}` })),
          codeOf(await use({ env, token: `good-${i}` })),
        ]
        expect(said).toEqual(['issuer_unavailable', 'in'])
      }
    }
  })

  it('that any token would fail at are not asked again at once', async () => {
    const json = JSON.stringify(active())
    for (const broken of [
      { status: 401 },
      { status: 404 },
      { status: 429 },
      { status: 500 },
      { headers: { 'content-type': 'text/html' }, body: json },
      { body: 'html' },
      { body: '[]' },
      active({ active: 'true' }),
    ]) {
      const env = envOf(server.url)
      server.answer(broken)
      server.asked.length = 0
      for (let i = 0; i < 5; i++)
        expect(codeOf(await use({ env, token: `t-${i}` }))).toBe('issuer_unavailable')
      expect(server.asked).toHaveLength(1)
    }
  })

  it('in an outage are one in each pause, and good tokens pass for their time', async () => {
    const env = envOf(server.url)
    expect((await use({ env, token: 'good' })).ok).toBe(true)
    server.answer({ drop: true })
    server.asked.length = 0
    for (let i = 0; i < 100; i++) {
      const result = await use({ env, token: `t-${i}`, now: NOW + i * 10 })
      expect(result).toMatchObject({ denial: { code: 'issuer_unavailable' } })
      expect([1, 2]).toContain(result.ok ? 0 : result.denial.retryAfterSeconds)
    }
    expect(server.asked.length).toBeLessThanOrEqual(2)
    expect((await use({ env, token: 'good', now: NOW + 1000 })).ok).toBe(true)
    server.answer(active())
    expect((await use({ env, token: 'new', now: NOW + 60_000 })).ok).toBe(true)
  })
})
