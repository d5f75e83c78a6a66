import type { DenialCode } from '../denials.ts'
import type { Outcome } from './gateway-client.ts'
import type { Expectation, Step } from './tour-step.ts'

/** What came of a step: as expected (undefined), the user's own stricter route, or a fault. */
export type Judgement = { fault: string } | { owed: string } | undefined

/** Refusals of a genuine request that say something about the user's route and nothing about the gateway. */
const OWED: Partial<Record<DenialCode, string>> = {
  input_invalid: "your route's schema refused the tour's example body",
  event_not_declared: "your route does not declare the tour's example event",
}

/** Compares a step's outcomes with what it expects, and each record with what the origin saw. */
export function judge({ expect }: Step, outcomes: readonly Outcome[]): Judgement {
  const contradiction = outcomes.map(contradictionIn).find((fault) => fault !== undefined)
  if (contradiction !== undefined) return { fault: contradiction }
  const owed = ownRefusal(expect, outcomes)
  if (owed !== undefined) return { owed }
  const fault = typeof expect === 'function' ? expect(outcomes) : firstSurprise(expect, outcomes)
  return fault === undefined ? undefined : { fault }
}

function ownRefusal(expect: Step['expect'], outcomes: readonly Outcome[]): string | undefined {
  const expected = typeof expect === 'function' ? [] : expect.map(({ code }) => code)
  return outcomes
    .map(({ event: { code } }) => (code === null || expected.includes(code) ? undefined : OWED[code]))
    .find((text) => text !== undefined)
}

function firstSurprise(expect: readonly Expectation[], outcomes: readonly Outcome[]): string | undefined {
  const wrong = expect.findIndex((expected, i) => !isAsExpected(outcomes[i], expected))
  return wrong < 0 ? undefined : `expected ${sayExpected(expect[wrong])}, got ${sayOutcome(outcomes[wrong])}`
}

/** Record and origin must agree on every request: forwarded is what arrived, with a proof that holds. */
function contradictionIn({ event, arrival }: Outcome): string | undefined {
  if (event.decision !== 'forwarded') {
    return arrival && `the gateway recorded '${event.decision}', yet the request is at the origin`
  }
  if (!arrival) return `the gateway recorded 'forwarded', yet nothing is at the origin`
  if (!arrival.proof?.ok)
    return `the origin cannot confirm the proof: ${arrival.proof?.reason ?? 'not judged'}`
  return undefined
}

const isAsExpected = (outcome: Outcome | undefined, { status, decision, code = undefined }: Expectation) =>
  outcome?.status === status &&
  outcome.event.decision === decision &&
  (outcome.event.code ?? undefined) === code

const sayExpected = (expected: Expectation | undefined): string =>
  `${expected?.status} ${expected?.code ?? expected?.decision}`

const sayOutcome = (outcome: Outcome | undefined): string =>
  outcome
    ? `${outcome.status} ${outcome.event.code ?? outcome.event.decision} (${outcome.event.reason ?? 'no reason'})`
    : 'no answer'
