import type { DecisionEvent } from '../stages/record/event.ts'
import type { Decisions } from './decisions.ts'
import type { RecordedRequest } from './recorder.ts'

/** A request of the tour, what the gateway answered, what it recorded, and what the origin saw of it. */
export interface Outcome {
  status: number
  headers: Headers
  body: string
  event: DecisionEvent
  /** The request as it came to the origin, or undefined where the gateway kept it. */
  arrival: RecordedRequest | undefined
}

/** What to send; the method is POST unless it says otherwise. */
export interface Outgoing {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string
}

/** Milliseconds for which a record may follow its answer. */
const RECORD_MS = 5000
const ARRIVAL_MS = 5000

/** Sends the tour's requests, and looks at the record and at the origin for what became of them. */
export class GatewayClient {
  readonly #urls: { gateway: string; origin: string }
  readonly #decisions: Decisions

  constructor(urls: { gateway: string; origin: string }, decisions: Decisions) {
    this.#urls = urls
    this.#decisions = decisions
  }

  async send({ method = 'POST', path, ...rest }: Outgoing): Promise<Outcome> {
    const response = await fetch(`${this.#urls.gateway}${path}`, { method, ...rest })
    const { status, headers } = response
    const body = await response.text()
    const id = headers.get('sallyport-id') ?? ''
    const event = await this.#decisions.find(id, RECORD_MS)
    if (!event) throw new Error(`${method} ${path}: answered ${status}, but the Worker recorded no decision`)
    const arrival = (await this.#requests()).find((request) => request.headers['sallyport-id'] === id)
    return { status, headers, body, event, arrival }
  }

  /** Shapes the origin's next answer; `times: 0` takes back what no request has met. */
  async shapeOrigin(behaviour: { status?: number; delayMs?: number; times?: number }): Promise<void> {
    const url = `${this.#urls.origin}/_playground/behaviour`
    const response = await fetch(url, { method: 'PUT', body: JSON.stringify(behaviour) })
    if (!response.ok) throw new Error(`the origin refused its behaviour: ${await response.text()}`)
  }

  /** Waits until a request with exactly this body is at the origin; false when it is answered without that. */
  async hasArrived(body: string, answered: Promise<unknown>): Promise<boolean> {
    const sought = Buffer.from(body).toString('base64')
    const deadline = Date.now() + ARRIVAL_MS
    let isAnswered = false
    const note = () => {
      isAnswered = true
    }
    answered.then(note, note)
    for (;;) {
      // Read before the look: what is answered by now has arrived by now.
      const isLast = isAnswered
      if ((await this.#requests()).some(({ bodyBase64 }) => bodyBase64 === sought)) return true
      if (isLast) return false
      if (Date.now() > deadline) throw new Error('a request that should be at the origin has not arrived')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async #requests(): Promise<RecordedRequest[]> {
    const response = await fetch(`${this.#urls.origin}/_playground/requests`)
    return (await response.json()) as RecordedRequest[]
  }
}
