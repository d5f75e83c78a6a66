import type { ControlKind, Cutoff, Snapshot } from './control.ts'

/** How long an isolate believes its copy of blocks and revocations, in milliseconds. */
export const COPY_MS = 2000

/** An isolate's copy of the control list. */
export class ControlCopy {
  #version: string | undefined
  #readAt = Number.NEGATIVE_INFINITY
  #until: Record<ControlKind, Map<string, number>> = { client: new Map(), principal: new Map() }
  #cutoffs = new Map<string, Cutoff>()

  get version(): string | undefined {
    return this.#version
  }

  isFresh(now: number): boolean {
    return now >= this.#readAt && now - this.#readAt < COPY_MS
  }

  /** Takes a snapshot that was asked for at `askedAt`: its age counts from the question, not the answer. */
  update({ version, entries, cutoffs = [] }: Snapshot, askedAt: number, now = Date.now()): void {
    // Without entries the answer means "as you know it", which holds only for the version still held.
    if (entries === undefined && version !== this.#version) return
    // A newer one is there already. A copy of a moment to come is none: the clock was set back since.
    if (askedAt < this.#readAt && this.#readAt <= now) return
    this.#readAt = askedAt
    if (entries === undefined) return
    const until = { client: new Map<string, number>(), principal: new Map<string, number>() }
    for (const entry of entries) until[entry.kind].set(entry.key, entry.until)
    this.#version = version
    this.#until = until
    this.#cutoffs = new Map(cutoffs.map((cutoff) => [cutoff.key, cutoff]))
  }

  blocks(client: string | undefined, now: number): boolean {
    return client !== undefined && this.#has('client', client, now)
  }

  /** Whether one of the names is revoked for what was issued at that moment; what tells no moment may be old. */
  revokes(names: readonly string[], issuedAt: number | undefined, now: number): boolean {
    return names.some((name) => this.#has('principal', name, now) || this.#cuts(name, issuedAt, now))
  }

  #has(kind: ControlKind, key: string, now: number): boolean {
    return (this.#until[kind].get(key) ?? 0) > now
  }

  #cuts(name: string, issuedAt: number | undefined, now: number): boolean {
    const cutoff = this.#cutoffs.get(name)
    if (cutoff === undefined || cutoff.until <= now) return false
    // A moment that is no number is none.
    const isLater = issuedAt !== undefined && issuedAt >= cutoff.issuedBefore
    return !isLater
  }
}
