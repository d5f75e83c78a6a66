import type { ControlKind, Snapshot } from './control.ts'

/** How long an isolate believes its copy of blocks and revocations, in milliseconds. */
export const COPY_MS = 2000

/** An isolate's copy of the control list. */
export class ControlCopy {
  #version: string | undefined
  #readAt = Number.NEGATIVE_INFINITY
  #until: Record<ControlKind, Map<string, number>> = { client: new Map(), principal: new Map() }

  get version(): string | undefined {
    return this.#version
  }

  isFresh(now: number): boolean {
    return now >= this.#readAt && now - this.#readAt < COPY_MS
  }

  /** Takes a snapshot that was asked for at `askedAt`: its age counts from the question, not the answer. */
  update({ version, entries }: Snapshot, askedAt: number): void {
    // Without entries the answer means "as you know it", which holds only for the version still held.
    if (entries === undefined && version !== this.#version) return
    if (askedAt < this.#readAt) return
    this.#readAt = askedAt
    if (entries === undefined) return
    const until = { client: new Map<string, number>(), principal: new Map<string, number>() }
    for (const entry of entries) until[entry.kind].set(entry.key, entry.until)
    this.#version = version
    this.#until = until
  }

  has(kind: ControlKind, key: string | undefined, now: number): boolean {
    return key !== undefined && (this.#until[kind].get(key) ?? 0) > now
  }
}
