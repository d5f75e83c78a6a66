import type { DecisionEvent } from '../stages/record/event.ts'

const MAX_KEPT = 1000

/** The decision that a line of the Worker's log holds, if it is one. */
export function parseDecision(line: string): DecisionEvent | undefined {
  if (!line.startsWith('{"schema":"sallyport.decision/1"')) return undefined
  try {
    return JSON.parse(line) as DecisionEvent
  } catch {
    return undefined
  }
}

/** Decisions by the `sallyport-id` that the answer carried; a record may come after its answer. */
export class Decisions {
  readonly #seen = new Map<string, DecisionEvent>()
  readonly #awaited = new Map<string, (event: DecisionEvent) => void>()

  add(event: DecisionEvent): void {
    this.#awaited.get(event.id)?.(event)
    this.#seen.set(event.id, event)
    if (this.#seen.size > MAX_KEPT) this.#seen.delete(this.#seen.keys().next().value ?? '')
  }

  /** The decision with this id, or undefined when none comes within `timeoutMs`. */
  async find(id: string, timeoutMs: number): Promise<DecisionEvent | undefined> {
    const seen = this.#seen.get(id)
    if (seen) return seen
    const { promise, resolve } = Promise.withResolvers<DecisionEvent | undefined>()
    const timer = setTimeout(resolve, timeoutMs, undefined)
    this.#awaited.set(id, resolve)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#awaited.delete(id)
    }
  }
}
