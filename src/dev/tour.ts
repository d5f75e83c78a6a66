import type { Routes } from '../gateway.ts'
import { explain } from './explain.ts'
import type { GatewayClient, Outcome } from './gateway-client.ts'
import type { IssuerClient } from './issuer-client.ts'
import type { Operator } from './operator.ts'
import { paint, styleOf } from './screen.ts'
import { deliverySteps, type TourSecrets } from './tour-deliveries.ts'
import { judge } from './tour-judge.ts'
import { TourRoutes } from './tour-routes.ts'
import type { Step } from './tour-step.ts'
import { tokenSteps } from './tour-tokens.ts'

const INDENT = '    '

/** What the tour walks on: the project's routes and secrets, the demo issuer, and the vars that name it. */
export interface TourGround {
  secrets: TourSecrets
  routes: Routes
  issuer: { client: IssuerClient; vars: ReadonlySet<string> }
  operator: Operator | undefined
}

/**
 * Sends the tour's requests through the running gateway and tells what became of each, and why. A step that the routes
 * have no place for is skipped. Returns what was not as expected; an empty list is a tour that went well.
 */
export async function takeTour(
  client: GatewayClient,
  { secrets, routes: own, issuer, operator }: TourGround,
  print: (line: string) => void,
): Promise<string[]> {
  const faults: string[] = []
  let requests = 0
  let reached = 0
  const routes = new TourRoutes(own, issuer.vars)
  const steps = [...deliverySteps(secrets, routes), ...tokenSteps(issuer.client, operator)]
  for (const [index, step] of steps.entries()) {
    print(`${String(index + 1).padStart(2)}  ${paint('bold', step.title)}`)
    const lack = step.needs.map((need) => routes.lacks(need)).find((text) => text !== undefined)
    if (lack !== undefined) {
      print(`${INDENT}skipped: ${lack}`)
      continue
    }
    const outcomes = await step.run(client)
    requests += outcomes.length
    reached += outcomes.filter(({ arrival }) => arrival !== undefined).length
    for (const group of alike(outcomes)) for (const line of tell(group, step)) print(line)
    const judgement = judge(step, outcomes)
    if (judgement === undefined) continue
    if ('owed' in judgement) {
      print(`${INDENT}${judgement.owed}`)
      continue
    }
    faults.push(`step ${index + 1}: ${judgement.fault}`)
    print(`${INDENT}${paint('red', `not as expected: ${judgement.fault}`)}`)
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
