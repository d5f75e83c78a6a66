/** How long an isolate refuses a blocked client without asking again, in milliseconds. */
const KNOWN_MS = 2000
const MAX_ENTRIES = 10_000

/** Clients that shared state has refused in the last seconds; bounded, the oldest forgotten first. */
export class BlockedClients {
  readonly #until = new Map<string, number>()

  add(client: string | undefined, now: number): void {
    if (client === undefined) return
    this.#until.delete(client)
    this.#until.set(client, now + KNOWN_MS)
    for (const [oldest, until] of this.#until) {
      if (this.#until.size <= MAX_ENTRIES && until > now) break
      this.#until.delete(oldest)
    }
  }

  has(client: string, now: number): boolean {
    const until = this.#until.get(client)
    // A clock that was set back must not keep a client out for longer than it would have been.
    return until !== undefined && until > now && until <= now + KNOWN_MS
  }
}
