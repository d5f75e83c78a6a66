import type { Command } from './commands.ts'

/** One way in which a request to the database goes wrong. Times in milliseconds. */
export type Fault =
  /** Executed after the wait. */
  | { kind: 'latency'; ms: number }
  /** Executed at once, answered after the wait. */
  | { kind: 'late-reply'; ms: number }
  /** Not executed; by default the JSON that fits the status. */
  | { kind: 'status'; status: number; body?: string; contentType?: string }
  /** Not executed; 200 with a page. */
  | { kind: 'html' }
  /** Executed; the connection ends in the middle of the answer that was announced. */
  | { kind: 'truncated' }
  /** Executed; a complete answer whose JSON ends in the middle. */
  | { kind: 'cut-json' }
  /** Not executed; the connection ends. */
  | { kind: 'closed' }
  /** Executed; the connection ends without an answer. */
  | { kind: 'lost-reply' }
  /** Not executed, never answered. */
  | { kind: 'hang' }
  /** Executed, never answered. */
  | { kind: 'hang-after' }
  /** Not executed; 200 with null for each command. */
  | { kind: 'null-result' }

export interface FaultPlan {
  fault: Fault
  /** Picks requests by their commands. @default every request */
  match?: (commands: readonly Command[]) => boolean
  /** Requests that it strikes, `Infinity` for all. @default 1 */
  times?: number
}

/** Plans in the order in which they were made; each request meets at most one. */
export class Faults {
  #plans: { plan: FaultPlan; left: number }[] = []

  plan(plan: FaultPlan): void {
    this.#plans.push({ plan, left: plan.times ?? 1 })
  }

  clear(): void {
    this.#plans = []
  }

  /** The fault of the next request, which uses it up. */
  take(commands: readonly Command[]): Fault | undefined {
    const struck = this.#plans.find(
      ({ plan, left }) => left > 0 && (plan.match === undefined || plan.match(commands)),
    )
    if (struck === undefined) return undefined
    struck.left -= 1
    return struck.plan.fault
  }
}
