import { type Count, readingOf, retryAfterSeconds } from '../limits.ts'
import { type Admission, type AdmitRequest, type LimitClaim, StateError } from '../state.ts'

/** A delivery in progress is about to end as a rule: the rest of its lease is the worst case, not the usual one. */
const LONGEST_RETRY_AFTER_SECONDS = 5
const OUTCOMES = ['admitted', 'limited', 'leased', 'done', 'blocked', 'revoked', 'withdrawn'] as const
const LETTERS = { slidingWindow: 's', fixedWindow: 'f', tokenBucket: 'b' } as const
const COUNT = /^(-?[0-9]{1,16}) ([0-9]{1,16}) ([0-9]{1,16})$/

/** The gate's arguments, in the order that its script states. */
export function gateArguments(request: AdmitRequest, round: number, layout: string): string[] {
  const { token, limits, claim, issuedAt } = request
  const { kind = '-', leaseMs = 0, ttlMs = 0, requestId = '-', copiesPass = false } = claim ?? {}
  const parts = [
    [token, round, kind, leaseMs, ttlMs, requestId, copiesPass ? 1 : 0, layout, momentOf(issuedAt)],
    ...limits.map((limit) => {
      const { max, windowMs, refill, cost, mode } = limit
      return [letterOf(limit), max, windowMs, refill, cost, mode === 'enforce' ? 1 : 0]
    }),
  ]
  return parts.flat().map(String)
}

/** The give-back's arguments, in the order that its script states. */
export function giveBackArguments({ token, limits }: AdmitRequest, round: number, layout: string): string[] {
  const parts = limits.map((limit) => [letterOf(limit), limit.windowMs, limit.refill, limit.cost])
  return [token, round, layout, ...parts.flat()].map(String)
}

/** Reads the gate's answer; throws a `StateError` for one that it cannot have given. */
export function readAnswer(reply: unknown, { limits }: AdmitRequest): Admission {
  const [outcome, now, detail, counts] = partsOf(reply, limits.length)
  const listed = new Set(detail.split(',').map((n) => Number(n) - 1))
  const readings = limits.map((limit, i) =>
    readingOf(limit, countOf(counts[i]), now, outcome === 'limited' && listed.has(i)),
  )
  const names = limits.filter((_, i) => listed.has(i)).map(({ name }) => name)
  switch (outcome) {
    case 'admitted':
      return { outcome, limits: readings, reported: names }
    case 'limited':
      return { outcome, limits: readings, violated: names, retryAfterSeconds: retryAfterSeconds(readings) }
    case 'leased': {
      const seconds = Math.ceil((Number(detail) - now) / 1000)
      return { outcome, limits: readings, retryAfterSeconds: Math.min(seconds, LONGEST_RETRY_AFTER_SECONDS) }
    }
    case 'done':
      return { outcome, limits: readings, duplicateOf: detail }
    case 'blocked':
    case 'revoked':
      return { outcome }
    case 'withdrawn':
      // This admission was given back before it arrived.
      throw new StateError('no answer in time')
  }
}

function partsOf(reply: unknown, limits: number): [(typeof OUTCOMES)[number], number, string, string[]] {
  if (!Array.isArray(reply) || reply.length !== 3 + limits) throw new StateError('answer not understood')
  const [outcome, now, detail, ...counts] = reply.map(String)
  const known = OUTCOMES.find((name) => name === outcome)
  if (known === undefined || detail === undefined || !/^[0-9]{13,14}$/.test(now ?? '')) {
    throw new StateError('answer not understood')
  }
  return [known, Number(now), detail, counts]
}

function countOf(text: string | undefined): Count {
  const [, start, used, previous] = COUNT.exec(text ?? '') ?? []
  if (previous === undefined) throw new StateError('answer not understood')
  return { start: Number(start), used: Number(used), previous: Number(previous) }
}

/** A moment that is no number would be none, and so is refused by every revocation. */
const momentOf = (ms: number | undefined): number | '-' =>
  ms !== undefined && Number.isFinite(ms) ? Math.floor(ms) : '-'

const letterOf = ({ algorithm, calendar }: LimitClaim): string =>
  calendar === 'month' ? 'm' : LETTERS[algorithm]
