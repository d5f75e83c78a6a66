import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { AdmitRequest } from '../../src/state/state.ts'
import { Keys } from '../../src/state/upstash/keys.ts'
import { gateArguments, giveBackArguments } from '../../src/state/upstash/question.ts'
import { digestOf, plainScripts } from '../../src/state/upstash/scripts/index.ts'
import { claimOf, limitOf } from '../contract/suite.ts'
import { request, useRedis } from './redis.ts'

/**
 * Two requests for one claim and one limit, each as the gateway drives it: a try, a second one if nothing was heard of the
 * first, then a settlement or a give-back. Any call may be executed without an answer, or arrive long after its sender gave up.
 */
const tested = useRedis()
const keys = new Keys('orders')
const MAX = 2

type Name = 'A' | 'B'
type Shape = 'delivery' | 'forwarded copies' | 'once' | 'no claim'
type Fate = 'answered' | 'unanswered' | 'late'
const steps = fc.array(
  fc.record({
    who: fc.constantFrom<Name>('A', 'B'),
    fate: fc.constantFrom<Fate>('answered', 'unanswered', 'late'),
    ending: fc.constantFrom('commit', 'release'),
    arrives: fc.nat({ max: 5 }),
  }),
  { minLength: 6, maxLength: 30 },
)
const shapes = fc.constantFrom<Shape>('delivery', 'forwarded copies', 'once', 'no claim')

beforeAll(async () => {
  for (const { source } of Object.values(plainScripts)) await tested.front.raw(['SCRIPT', 'LOAD', source])
})

interface Side {
  request: AdmitRequest
  tries: number
  phase: 'trying' | 'forwarding' | 'giving back' | 'over'
  /** The last answer that the gateway heard. */
  outcome: string | undefined
  isForwarded: boolean
  isCommitted: boolean
}

class Game {
  readonly #shape: Shape
  readonly #sides: Record<Name, Side>
  #late: (() => Promise<unknown>)[] = []
  #round = 0
  readonly limit = limitOf({ algorithm: 'fixedWindow', max: MAX, windowMs: 86_400_000 })
  readonly #claim

  constructor(shape: Shape) {
    this.#shape = shape
    this.#claim = claimOf({
      kind: shape === 'once' ? 'once' : 'delivery',
      copiesPass: shape === 'forwarded copies',
    })
    const side = (): Side => ({
      request: request({ limits: [this.limit], ...(shape !== 'no claim' && { claim: this.#claim }) }),
      tries: 0,
      phase: 'trying',
      outcome: undefined,
      isForwarded: false,
      isCommitted: false,
    })
    this.#sides = { A: side(), B: side() }
  }

  async step(who: Name, fate: Fate, ending: 'commit' | 'release'): Promise<void> {
    const side = this.#sides[who]
    if (side.phase === 'trying') return this.#try(side, fate)
    if (side.phase === 'giving back') {
      await this.#send(fate, this.#giveBack(side.request))
    } else if (side.phase === 'forwarding') {
      side.isForwarded = true
      if (side.outcome === 'admitted' && /delivery|copies/.test(this.#shape)) {
        side.isCommitted = ending === 'commit'
        await this.#send(fate, this.#settle(side.request, ending))
      }
    }
    side.phase = 'over'
  }

  /** A call of which its sender heard nothing in time reaches the server at last. */
  async arrive(index: number): Promise<void> {
    const [call] = this.#late.splice(index % Math.max(1, this.#late.length), 1)
    await call?.()
  }

  async finish(): Promise<void> {
    for (const who of ['A', 'B'] as const) {
      while (this.#sides[who].phase !== 'over') await this.step(who, 'answered', 'release')
    }
    while (this.#late.length > 0) await this.arrive(0)
  }

  async check(): Promise<void> {
    const sides = Object.values(this.#sides)
    const forwarded = sides.filter(({ isForwarded }) => isForwarded)
    const count = (await tested.front.raw(['GET', await keys.limit(this.limit)])) as string | null
    expect(Number(count?.split(' ')[2] ?? 0)).toBe(forwarded.length)
    expect(forwarded.length).toBeLessThanOrEqual(MAX)
    if (this.#shape === 'no claim') return
    const holder = (await tested.front.raw(['GET', keys.claim(this.#claim)])) as string | null
    // Nobody is under way any more: what is left is done, or burnt, or nothing.
    expect(holder?.startsWith('L') ?? false).toBe(false)
    if (sides.some(({ isCommitted }) => isCommitted)) expect(holder).toMatch(/^D /)
    if (this.#shape === 'once') expect(forwarded.length).toBeLessThanOrEqual(1)
    if (this.#shape === 'delivery') {
      expect(sides.filter(({ isCommitted }) => isCommitted).length).toBeLessThanOrEqual(1)
    }
  }

  async #try(side: Side, fate: Fate): Promise<void> {
    side.tries++
    const outcome = await this.#send(fate, this.#admit(side.request))
    if (outcome === undefined || outcome === 'withdrawn') {
      side.phase = side.tries < 2 ? 'trying' : 'giving back'
      return
    }
    side.outcome = outcome
    const passes = outcome === 'admitted' || (outcome === 'done' && this.#shape === 'forwarded copies')
    if (passes) side.phase = 'forwarding'
    else side.phase = side.tries > 1 && outcome !== 'done' ? 'giving back' : 'over'
  }

  async #send(fate: Fate, call: () => Promise<string>): Promise<string | undefined> {
    if (fate === 'answered') return call()
    if (fate === 'unanswered') await call()
    else this.#late.push(call)
    return undefined
  }

  #admit(asked: AdmitRequest): () => Promise<string> {
    const round = ++this.#round
    return async () => {
      const { layout, keys: names } = await keys.of(asked)
      const reply = await this.#run('gate', names, gateArguments(asked, round, layout))
      return String((reply as unknown[])[0])
    }
  }

  #giveBack(asked: AdmitRequest): () => Promise<string> {
    const round = ++this.#round
    return async () => {
      const { layout, keys: names } = await keys.of(asked)
      return String(await this.#run('giveBack', names, giveBackArguments(asked, round, layout)))
    }
  }

  #settle({ token }: AdmitRequest, as: 'commit' | 'release'): () => Promise<string> {
    const key = keys.claim(this.#claim)
    return async () => {
      if (as === 'release') return String(await this.#run('release', [key, keys.token(token)], [token]))
      const done = `D ${token} ${this.#claim.requestId} ${Date.now()}`
      return String(await tested.front.raw(['SET', key, done, 'PX', '86400000', 'GET']))
    }
  }

  async #run(script: keyof typeof plainScripts, names: string[], args: string[]): Promise<unknown> {
    const sha1 = await digestOf(plainScripts[script])
    return tested.front.raw(['EVALSHA', sha1, String(names.length), ...names, ...args])
  }
}

test('in whatever order calls arrive, nothing is left but what was forwarded', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(shapes, steps, async (shape, sequence) => {
      const game = new Game(shape)
      for (const { who, fate, ending, arrives } of sequence) {
        await game.step(who, fate, ending as 'commit' | 'release')
        if (arrives > 3) await game.arrive(arrives)
      }
      await game.finish()
      await game.check()
    }),
    { numRuns: 1500 },
  )
})
