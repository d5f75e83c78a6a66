import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodePart, type Rig, startRig } from './tokens/attack.ts'
import type { Work } from './tokens/cost.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig.close())

const ROUNDS = 7

interface Timed {
  /** Microseconds of one, in the best of the rounds: what stalls the machine only adds. */
  us: number
  accepted: number
}

/** Times several works in turns, inside one process; the way to it and back is taken off. */
async function timed(works: Record<string, Omit<Work, 'now'>>): Promise<Record<string, Timed>> {
  const best: Record<string, { ms: number; accepted: number }> = {}
  const all: Record<string, Omit<Work, 'now'>> = { nothing: { kind: 'nothing', times: 1 }, ...works }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(all)) {
      const start = performance.now()
      const asked = { ...work, now: Date.now() }
      const { accepted } = await rig.gateway.door<{ accepted: number }>('/_test/cost', asked)
      const ms = performance.now() - start
      // The first rounds are for the compiler.
      if (round > 1 && ms < (best[name]?.ms ?? Number.POSITIVE_INFINITY)) best[name] = { ms, accepted }
    }
  }
  const costs = Object.entries(best).map(([name, { ms, accepted }]): [string, Timed] => {
    const us = ((ms - (best.nothing?.ms ?? 0)) * 1000) / (all[name]?.times ?? 1)
    return [name, { us, accepted }]
  })
  return Object.fromEntries(costs)
}

/** A token whose claims are so many levels deep; half of them only opened. */
function nested(levels: number): string {
  const claims = `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
  return `${rig.token().split('.')[0]}.${encodePart(claims)}.${'A'.repeat(86)}`
}

describe('the cost of a refusal before any key', () => {
  const bearer = (token: string) => `Bearer ${token}`

  it('what a client sends by mistake or in a flood is below a tenth of one ES256 verification', {
    timeout: 90_000,
    retry: 2,
  }, async () => {
    const token = rig.token()
    const refused: Record<string, Pick<Work, 'authorization' | 'search'>> = {
      'no token': {},
      'two tokens': { authorization: `${bearer(token)}, ${bearer(token)}` },
      'one in the query': { search: `?access_token=${token}` },
      'a word, and one in the query': { authorization: bearer('junk'), search: `?access_token=${token}` },
      'a word, and 8 KB of query': { authorization: bearer('junk'), search: `?${'a&'.repeat(4000)}` },
      'another scheme': { authorization: `Basic ${'x'.repeat(500)}` },
      'a word': { authorization: bearer('junk') },
      '1 KB of junk': { authorization: bearer('x'.repeat(1000)) },
      '8 KB of junk': { authorization: bearer('x'.repeat(8000)) },
      '8 KB that begin like a token': { authorization: bearer(`eyJ${'a'.repeat(7900)}.a.a`) },
      '8 KB of dots': { authorization: bearer(`eyJ${'.'.repeat(8000)}`) },
      '600 levels': { authorization: bearer(nested(600)) },
      '2,900 levels': { authorization: bearer(nested(2900)) },
      'a header of levels': {
        authorization: bearer(`${encodePart('['.repeat(600))}.e30.${'A'.repeat(86)}`),
      },
      '16 KB': { authorization: bearer(`eyJ${'a'.repeat(16_000)}`) },
    }
    const works: Record<string, Omit<Work, 'now'>> = {
      verification: { kind: 'verify', times: 500, tokens: [rig.token()], jwk: rig.key.jwk as never },
    }
    for (const [name, sent] of Object.entries(refused))
      works[name] = { kind: 'inspect', times: 2000, ...sent }
    const { verification, nothing: _nothing, ...costs } = await timed(works)
    expect(verification?.accepted).toBe(500)
    const whole = verification?.us ?? 0
    const told = Object.entries(costs).map(([name, { us, accepted }]) => ({
      name,
      share: us / whole,
      accepted,
    }))
    console.log(told.map(({ name, share }) => `${name}: ${share.toFixed(3)} of a verification`).join('\n'))
    expect(told.filter(({ share, accepted }) => accepted > 0 || share >= 0.1)).toEqual([])
  })

  it('a token that is read to its end before it is refused is below half of one', {
    timeout: 90_000,
    retry: 2,
  }, async () => {
    const claims = (text: string) => `${token.split('.')[0]}.${encodePart(text)}.${'A'.repeat(86)}`
    const token = rig.token()
    const refused = {
      'an expired token': rig.token({ iat: 1_000_000, exp: 1_000_300 }),
      '2,850 escapes': claims(`{"a":"${'\\n'.repeat(2850)}"}`),
      '950 escapes of four digits': claims(`{"a":"${'\\u0061'.repeat(950)}"}`),
      'an audience of 1,200': claims(JSON.stringify({ aud: Array.from({ length: 1200 }, () => 'a') })),
      '1,900 objects': claims(`[${Array.from({ length: 1900 }, () => '{}').join(',')}]`),
    }
    const works: Record<string, Omit<Work, 'now'>> = {
      verification: { kind: 'verify', times: 500, tokens: [token], jwk: rig.key.jwk as never },
    }
    for (const [name, sent] of Object.entries(refused)) {
      works[name] = { kind: 'inspect', times: 2000, authorization: bearer(sent) }
    }
    const { verification, nothing: _nothing, ...costs } = await timed(works)
    const told = Object.entries(costs).map(([name, { us, accepted }]) => ({
      name,
      share: us / (verification?.us ?? 0),
      accepted,
    }))
    console.log(told.map(({ name, share }) => `${name}: ${share.toFixed(3)} of a verification`).join('\n'))
    expect(told.filter(({ share, accepted }) => accepted > 0 || share >= 0.5)).toEqual([])
  })

  it('60 KB never get as far: the door refuses them', async () => {
    const answer = await rig.get(`eyJ${'a'.repeat(61_440)}`)
    expect(answer.status).toBe(431)
    expect((await rig.gateway.recordOf(answer)).stage).toBe('receive')
  })
})

describe('remembering what was verified', () => {
  it('pays: a hit costs less than half of a verification', { timeout: 90_000, retry: 2 }, async () => {
    const one = rig.token()
    const many = Array.from({ length: 700 }, () => rig.token())
    const { hits, misses } = await timed({
      hits: { kind: 'whole', times: 700, tokens: [one] },
      // More than are kept, in turns: each is the least recently used one when it comes again.
      misses: { kind: 'whole', times: 700, tokens: many },
    })
    expect([hits?.accepted, misses?.accepted]).toEqual([700, 700])
    expect(hits?.us).toBeLessThan((misses?.us ?? 0) / 2)
  })
})
