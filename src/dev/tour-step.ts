import type { DenialCode } from '../denials.ts'
import type { GatewayClient, Outcome } from './gateway-client.ts'
import type { Need } from './tour-routes.ts'

/** What one request of a step has to lead to. */
export interface Expectation {
  status: number
  decision: 'forwarded' | 'duplicate' | 'refused'
  code?: DenialCode
}

export interface Step {
  /** What is sent, and why. */
  title: string
  /** The step is skipped where the routes are not so. */
  needs: readonly Need[]
  run: (client: GatewayClient) => Promise<Outcome[]>
  /** One for each outcome, or a test of all of them that says what is wrong. */
  expect: readonly Expectation[] | ((outcomes: readonly Outcome[]) => string | undefined)
  /** Answer headers that are part of the story. */
  show?: readonly string[]
}

export const forwarded = (status = 200): Expectation => ({ status, decision: 'forwarded' })

export const refused = (status: number, code: DenialCode): Expectation => ({
  status,
  decision: 'refused',
  code,
})

/** The run of a step with one request. */
export const one = (outgoing: () => Promise<Parameters<GatewayClient['send']>[0]>): Step['run'] => {
  return async (client) => [await client.send(await outgoing())]
}
