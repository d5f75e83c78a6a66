import { describe } from 'vitest'
import type { Operations } from '../../src/state/operations.ts'
import type { Admission, AdmitRequest, DeliveryClaim, LimitClaim, State } from '../../src/state/state.ts'
import { describeClaims } from './claims.ts'
import { describeControl } from './control.ts'
import { describeLimits } from './limits.ts'
import { describeStore } from './store.ts'

/** What a backend's test brings along so that time passes and an operator can act. */
export interface StateTools {
  /** The backend's clock, in milliseconds since the epoch. */
  now(): number
  /** Lets time pass: everything stored is older by `ms`, and `now()` says so. */
  advance(ms: number): Promise<void>
  /** Drops what the backend keeps in memory about this claim, as a restart does. */
  restart(claim: DeliveryClaim): Promise<void>
  /** What an operator does by hand. */
  operations(): Operations
}

/** The contract's tests build on this: a fresh isolate's state, and requests that share nothing by accident. */
export interface Suite {
  makeState(): State
  tools: StateTools
  /** Waits for everything that was left for after the answer. */
  background(): Promise<void>
  request(parts?: Partial<AdmitRequest>): AdmitRequest
}

export function describeState(name: string, makeState: () => State, tools: StateTools): void {
  let later: Promise<unknown>[] = []
  const suite: Suite = {
    makeState,
    tools,
    async background() {
      while (later.length > 0) await Promise.all(later.splice(0))
      later = []
    },
    request: (parts = {}) => ({
      token: crypto.randomUUID(),
      now: tools.now(),
      limits: [],
      background: (promise) => {
        later.push(promise)
      },
      ...parts,
    }),
  }
  describe(`${name}: claims`, () => describeClaims(suite))
  describe(`${name}: limits`, () => describeLimits(suite))
  describe(`${name}: blocks and revocations`, () => describeControl(suite))
  describe(`${name}: what is kept for credentials`, () => describeStore(suite))
}

export function hexKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

export function claimOf(parts: Partial<DeliveryClaim> = {}): DeliveryClaim {
  const requestId = `req-${crypto.randomUUID()}`
  return {
    route: 'orders',
    key: hexKey(),
    requestId,
    kind: 'delivery',
    leaseMs: 45_000,
    ttlMs: 86_400_000,
    copiesPass: false,
    ...parts,
  }
}

export function limitOf(parts: Partial<LimitClaim> = {}): LimitClaim {
  return {
    owner: `key:${crypto.randomUUID()}`,
    name: 'orders:burst',
    mode: 'enforce',
    cost: 1,
    algorithm: 'slidingWindow',
    max: 5,
    windowMs: 60_000,
    refill: 1,
    ...parts,
  }
}

export function tally(admissions: readonly Admission[]): Partial<Record<Admission['outcome'], number>> {
  const counts: Partial<Record<Admission['outcome'], number>> = {}
  for (const { outcome } of admissions) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
