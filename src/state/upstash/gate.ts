import { Ratelimit } from '@upstash/ratelimit'
import { type Admission, type AdmitRequest, StateError } from '../state.ts'
import type { Connection } from './connection.ts'
import type { Keys } from './keys.ts'
import { gateArguments, readAnswer } from './question.ts'
import type { Script } from './scripts/index.ts'

type Limiter = ReturnType<ConstructorParameters<typeof Ratelimit>[0]['limiter']>
type RatelimitResponse = Awaited<ReturnType<Limiter['limit']>>

interface Question {
  request: AdmitRequest
  keys: string[]
  args: string[]
  answer?: Admission
}

/**
 * Asks the gate script, as an algorithm of `@upstash/ratelimit`. What that library would do beside it is off: its timeout
 * lets requests pass, its cache grows without bound, its analytics store addresses.
 */
export class Gate {
  readonly #connection: Connection
  readonly #script: Script
  readonly #keys: Keys
  readonly #ratelimit: Ratelimit
  /** The algorithm is only handed an identifier; this is what each stands for while its call is under way. */
  readonly #asked = new Map<string, Question>()

  constructor(connection: Connection, script: Script, keys: Keys) {
    this.#connection = connection
    this.#script = script
    this.#keys = keys
    const limiter: Limiter = {
      limit: (_context, identifier) => this.#limit(identifier),
      getRemaining: () => Promise.reject(new StateError('failed')),
      resetTokens: () => Promise.reject(new StateError('failed')),
    }
    this.#ratelimit = new Ratelimit({
      redis: connection.redis,
      limiter: () => limiter,
      prefix: '',
      timeout: 0,
      ephemeralCache: false,
      analytics: false,
      enableTelemetry: false,
    })
  }

  async ask(request: AdmitRequest, round: number): Promise<Admission> {
    const { layout, keys } = await this.#keys.of(request)
    // Nothing to count, to claim or to look up.
    if (keys.length === 0) return { outcome: 'admitted', limits: [], reported: [] }
    const question: Question = { request, keys, args: gateArguments(request, round, layout) }
    const identifier = `${request.token}/${round}`
    this.#asked.set(identifier, question)
    try {
      await this.#ratelimit.limit(identifier)
    } finally {
      this.#asked.delete(identifier)
    }
    if (question.answer === undefined) throw new StateError('failed')
    return question.answer
  }

  async #limit(prefixed: string): Promise<RatelimitResponse> {
    const question = this.#asked.get(prefixed.slice(1))
    if (question === undefined) throw new StateError('failed')
    const { request, keys, args } = question
    const answer = readAnswer(
      await this.#connection.script(this.#script, keys, args, request.signal),
      request,
    )
    question.answer = answer
    const tightest =
      'limits' in answer ? answer.limits.toSorted((a, b) => a.remaining - b.remaining)[0] : undefined
    return {
      success: answer.outcome === 'admitted',
      limit: tightest?.max ?? 0,
      remaining: tightest?.remaining ?? 0,
      reset: request.now + (tightest?.resetSeconds ?? 0) * 1000,
      pending: Promise.resolve(),
    }
  }
}
