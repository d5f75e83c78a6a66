import type { Means } from './authenticator.ts'
import { challengesOf } from './challenge.ts'
import type { Acknowledgement, Authenticated, Denial, Env, Received } from './contract.ts'
import { refuse, statusOf } from './denials.ts'
import type { Route } from './route.ts'
import type { Settings } from './settings.ts'
import { acknowledge } from './stages/acknowledge.ts'
import { bare } from './stages/bare.ts'
import type { Limiter } from './stages/first-tier.ts'
import { finding, type Journal, record, type Stage, timed, waitedMs } from './stages/record/index.ts'
import type { State } from './state/state.ts'

/** What the pipeline needs from the Worker's execution context. */
export type Context = Pick<ExecutionContext, 'waitUntil'>

/** Everything about one request that is not a fact of it: its route, the means to decide, and the journal. */
export class Passage {
  readonly received: Received
  readonly route: Route
  readonly routeId: string
  readonly env: Env
  readonly ctx: Context
  readonly settings: Settings
  readonly state: State
  readonly journal: Journal
  #answerHeaders: Readonly<Record<string, string>> = {}

  constructor(
    parts: Pick<Passage, 'received' | 'route' | 'routeId' | 'env' | 'ctx' | 'settings' | 'state' | 'journal'>,
  ) {
    this.received = parts.received
    this.route = parts.route
    this.routeId = parts.routeId
    this.env = parts.env
    this.ctx = parts.ctx
    this.settings = parts.settings
    this.state = parts.state
    this.journal = parts.journal
    this.journal.route = parts.route
    this.journal.routeId = parts.routeId
  }

  readonly background = (promise: Promise<unknown>): void => this.ctx.waitUntil(promise)

  /** What is left of the deadline: only the gateway's own waits count, not the client's upload. */
  remainingMs(): number {
    return Math.max(0, this.route.deadlineMs - waitedMs(this.journal))
  }

  /** What the credential of this request may be checked with, from now on. */
  means(): Means {
    const start = performance.now()
    const leftMs = this.route.mode === 'enforce' ? this.remainingMs() : this.budgetLeftMs()
    return {
      env: this.env,
      store: this.settings.store,
      background: this.background,
      remainingMs: () => Math.max(0, leftMs - (performance.now() - start)),
    }
  }

  /** The first tier, where the deployment has one and the route wants it. */
  get limiter(): Limiter | undefined {
    return this.route.firstTier === 'off' ? undefined : this.settings.firstTier
  }

  /** What is left of the budget, which report mode does not go beyond. */
  budgetLeftMs(): number {
    return Math.max(0, this.route.budgetMs - waitedMs(this.journal))
  }

  timed<T>(wait: keyof Journal['waits'], promise: Promise<T>): Promise<T> {
    return timed(this.journal, wait, promise)
  }

  noteAuthenticated({
    principal,
    credential,
    notes,
    answerHeaders = {},
    warnings = [],
  }: Authenticated): void {
    this.#answerHeaders = answerHeaders
    for (const warning of warnings) this.journal.reported.push(finding('authenticate', warning))
    this.journal.principal = principal.id
    this.journal.credential = credential ?? null
    this.journal.notes = notes
    this.journal.event = 'event' in principal && typeof principal.event === 'string' ? principal.event : null
  }

  refuse(stage: Stage, denial: Denial): Response {
    const { received, route, settings } = this
    const metadataUrl = settings.resource?.covers(received) ? settings.resource.metadataUrl : undefined
    const status = statusOf(denial, route.authenticate.refusalStatuses)
    const challenges = challengesOf(denial, route.authenticate, received, metadataUrl, status)
    const response = this.finish(refuse(denial, this.journal.id, challenges, status))
    this.background(this.record('refused', denial, response, stage))
    return response
  }

  /** Answers in the origin's place, with what the provider takes for success. */
  acknowledge(
    decision: 'handshake' | 'command' | 'duplicate',
    acknowledgement: Acknowledgement,
    headers: Readonly<Record<string, string>> = {},
  ): Response {
    const response = this.finish(acknowledge(acknowledgement, headers))
    this.background(this.record(decision, null, response))
    return response
  }

  /**
   * Every answer of the route leaves here: it carries its id, tells where the time went where the deployment wants that
   * seen, and has no body where the provider wants none.
   */
  finish(response: Response, headers: Readonly<Record<string, string>> = {}): Response {
    response.headers.set('sallyport-id', this.journal.id)
    const added = { ...this.#answerHeaders, ...headers }
    for (const [name, value] of Object.entries(added)) response.headers.set(name, value)
    if (this.settings.serverTiming) response.headers.append('server-timing', serverTiming(this.journal))
    return this.route.authenticate.bareAnswers ? bare(response, this.background) : response
  }

  record(
    decision: 'forwarded' | 'refused' | 'handshake' | 'command' | 'duplicate',
    denial: Denial | null,
    response: Response,
    stage: Stage = 'gateway',
  ): Promise<void> {
    const refusal = denial && finding(stage, denial)
    return record(this.journal, this.env, this.settings.clientForm, { decision, refusal, response })
  }

  /** Turns a throw before the claim into one answer, in the form of every answer of the route, and one record. */
  async answered(work: Promise<Response>): Promise<Response> {
    try {
      return await work
    } catch (error) {
      return this.refuse('gateway', internalError(error))
    }
  }

  /** Turns a throw after the claim into one answer and one record; the lease runs out by itself. */
  async guard(work: Promise<void>, respond: (response: Response) => void): Promise<void> {
    try {
      await work
    } catch (error) {
      respond(this.refuse('gateway', internalError(error)))
    }
  }
}

/** The message of a throw may quote what a client sent: only its kind is told. */
export const internalError = (error: unknown): Denial => ({
  code: 'internal_error',
  reason: `unexpected ${error instanceof Error ? error.name : 'throw'}`,
})

function serverTiming({ waits }: Journal): string {
  const parts = Object.entries(waits).filter((entry): entry is [string, number] => entry[1] !== null)
  return parts.map(([name, ms]) => `${name};dur=${ms}`).join(', ') || 'gateway;dur=0'
}
