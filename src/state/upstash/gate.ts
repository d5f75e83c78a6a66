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
export function gateOf(connection: Connection, script: Script, keys: Keys) {
  /** The algorithm is only handed an identifier; this is what each stands for while its call is under way. */
  const asked = new Map<string, Question>()
  const refuse = () => Promise.reject(new StateError('failed'))
  const limiter: Limiter = {
    limit: (_context, identifier) => limit(asked.get(identifier.slice(1))),
    getRemaining: refuse,
    resetTokens: refuse,
  }
  const ratelimit = new Ratelimit({
    redis: connection.redis,
    limiter: () => limiter,
    prefix: '',
    timeout: 0,
    ephemeralCache: false,
    analytics: false,
    enableTelemetry: false,
  })

  async function limit(question: Question | undefined): Promise<RatelimitResponse> {
    if (question === undefined) throw new StateError('failed')
    const { request, keys, args } = question
    const answer = readAnswer(await connection.script(script, keys, args, request.signal), request)
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

  return async function ask(request: AdmitRequest, round: number): Promise<Admission> {
    const { layout, keys: names } = await keys.of(request)
    // Nothing to count, to claim or to look up.
    if (names.length === 0) return { outcome: 'admitted', limits: [], reported: [] }
    const question: Question = { request, keys: names, args: gateArguments(request, round, layout) }
    const identifier = `${request.token}/${round}`
    asked.set(identifier, question)
    try {
      await ratelimit.limit(identifier)
    } finally {
      asked.delete(identifier)
    }
    if (question.answer === undefined) throw new StateError('failed')
    return question.answer
  }
}
