import { explain } from './explain.ts'
import type { GatewayClient, Outcome } from './gateway-client.ts'
import { paint, styleOf } from './screen.ts'
import { type Expectation, type Step, type TourSecrets, tourSteps } from './tour-steps.ts'

const INDENT = '    '

/**
 * Sends the tour's requests through the running gateway and tells what became of each, and why.
 * Returns what was not as expected; an empty list is a tour that went well.
 */
export async function takeTour(
  client: GatewayClient,
  secrets: TourSecrets,
  print: (line: string) => void,
): Promise<string[]> {
  const faults: string[] = []
  let requests = 0
  let reached = 0
  for (const [index, step] of (await tourSteps(secrets)).entries()) {
    print(`${String(index + 1).padStart(2)}  ${paint('bold', step.title)}`)
    const outcomes = await step.run(client)
    requests += outcomes.length
    reached += outcomes.filter(({ arrival }) => arrival !== undefined).length
    for (const group of alike(outcomes)) for (const line of tell(group, step)) print(line)
    const fault = faultIn(step, outcomes)
    if (fault === undefined) continue
    faults.push(`step ${index + 1}: ${fault}`)
    print(`${INDENT}${paint('red', `not as expected: ${fault}`)}`)
  }
  print('')
  print(
    paint(
      'bold',
      `${requests} requests, ${reached} reached the origin, ${requests - reached} stopped at the gateway`,
    ),
  )
  return faults
}

/** Puts neighbours of one status and code together: a burst is told in two lines. */
function alike(outcomes: readonly Outcome[]): Outcome[][] {
  const groups: Outcome[][] = []
  for (const outcome of outcomes) {
    const group = groups.at(-1)
    const last = group?.at(-1)
    if (group && last?.status === outcome.status && last.event.code === outcome.event.code)
      group.push(outcome)
    else groups.push([outcome])
  }
  return groups
}

/** The last of a group stands for all: its headers are the ones that matter. */
function tell(group: readonly Outcome[], { show = [] }: Step): string[] {
  const outcome = group.at(-1) as Outcome
  const { status, headers, event } = outcome
  const times = group.length > 1 ? `${group.length} × ` : ''
  const verdict = `${times}${status} ${event.code ?? event.decision}`.padEnd(30)
  const shown = show.flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [`${name}: ${value}`]
  })
  return [
    `${INDENT}${paint(styleOf(status), verdict)}  ${whereabouts(outcome)}`,
    ...(status === 422 ? [`${INDENT}  told to the sender: ${errorsIn(outcome.body)}`] : []),
    ...(shown.length > 0 ? [`${INDENT}  ${shown.join('   ')}`] : []),
    `${INDENT}  ${paint('dim', `why: ${explain(event)}`)}`,
  ]
}

function whereabouts({ arrival, event }: Outcome): string {
  if (arrival) {
    const { proof } = arrival
    return proof?.ok ? 'reached the origin, the proof holds' : `reached the origin, proof: ${proof?.reason}`
  }
  return event.stage === null
    ? 'answered by the gateway, the origin was not called'
    : `stopped at the gateway, stage ${event.stage}`
}

function errorsIn(body: string): string {
  const problem = JSON.parse(body) as { errors?: { pointer: string; detail: string }[] }
  return (problem.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`).join(', ')
}

function faultIn({ expect }: Step, outcomes: readonly Outcome[]): string | undefined {
  const contradiction = outcomes.map(contradictionIn).find((fault) => fault !== undefined)
  if (contradiction !== undefined) return contradiction
  if (typeof expect === 'function') return expect(outcomes)
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
  `${outcome?.status} ${outcome?.event.code ?? outcome?.event.decision} (${outcome?.event.reason ?? 'no reason'})`
