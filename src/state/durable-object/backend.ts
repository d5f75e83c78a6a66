import { retryAfterSeconds } from '../limits.ts'
import type { Admission, AdmitRequest, LimitReading, State, StateFactory } from '../state.ts'
import type { Snapshot } from './control.ts'
import { ControlCopy } from './copy.ts'
import type { Counted } from './counts.ts'
import type { Claimed } from './deliveries.ts'
import { controlName, deliveryName } from './names.ts'
import { namespaceOf } from './namespace.ts'
import { storeOf } from './store.ts'

/** Options of the Durable Object backend. */
export interface DurableObjectStateOptions {
  /** The binding of the class `SallyportState` in wrangler.toml. @default 'SALLYPORT_STATE' */
  binding?: string
}

// Grows with every attempt in this isolate, so that objects can tell a retry from what it retries.
let rounds = 0

/**
 * Shared state in SQLite-backed Durable Objects, one object for each owner.
 * The factory throws a `TypeError` when the binding is missing or is no Durable Object namespace.
 *
 * @example
 * import { durableObjectState } from 'sallyport/durable-object'
 *
 * export const state = { 'durable-object': durableObjectState({ binding: 'SALLYPORT_STATE' }) }
 */
export function durableObjectState(options: DurableObjectStateOptions = {}): StateFactory {
  const { binding = 'SALLYPORT_STATE' } = options
  const copy = new ControlCopy()
  return (env): State => {
    const objects = namespaceOf(env, binding)

    async function refreshed(request: AdmitRequest): Promise<void> {
      const askedAt = Date.now()
      if (request.client === undefined && request.revocable === undefined) return
      if (copy.isFresh(askedAt)) return
      const snapshot: Snapshot = await objects.getByName(controlName).snapshot(copy.version)
      copy.update(snapshot, askedAt)
    }

    async function claimed({ token, claim }: AdmitRequest, round: number): Promise<Claimed | undefined> {
      return claim && (await objects.getByName(deliveryName(claim)).claim(token, round, claim))
    }

    async function counted(request: AdmitRequest, round: number, owner: string, at: number[]) {
      const limits = at.map((index) => request.limits[index]).filter((limit) => limit !== undefined)
      const answer: Counted = await objects.getByName(owner).take(request.token, round, limits)
      return { owner, at, ...answer }
    }

    async function undo(request: AdmitRequest, round: number, names: Iterable<string>): Promise<void> {
      const claimName = request.claim && deliveryName(request.claim)
      const calls = Array.from(names, async (name) =>
        objects
          .getByName(name)
          .giveBack(request.token, round, name === claimName ? request.claim : undefined),
      )
      // What cannot be given back runs out by itself: the lease at its end, the counts with their window.
      await Promise.allSettled(calls)
    }

    return {
      async admit(request) {
        const round = ++rounds
        const { background = () => {} } = request
        const owners = byOwner(request)
        const shard = request.claim && deliveryName(request.claim)
        const refreshing = refreshed(request)
        try {
          const [claim, answers] = await Promise.all([
            claimed(request, round),
            Promise.all(Array.from(owners, ([owner, at]) => counted(request, round, owner, at))),
            refreshing,
          ])
          const admission = decide(request, copy, claim, answers)
          const passes =
            admission.outcome === 'admitted' || (admission.outcome === 'done' && request.claim?.copiesPass)
          if (!passes) {
            const took = answers.filter(({ violated }) => violated.length === 0).map(({ owner }) => owner)
            if (shard !== undefined && claim?.outcome === 'admitted') took.push(shard)
            if (took.length > 0) background(undo(request, round, took))
          }
          return admission
        } catch (error) {
          // An answer that was lost may have taken its share: all are asked, and a retry's round outranks this.
          background(undo(request, round, everyOwner(request)))
          // Who is known to be refused must not pass because something else could not be asked.
          await refreshing.catch(() => {})
          const refused = copy.isFresh(Date.now()) ? refusal(request, copy) : undefined
          if (refused) return refused
          throw error
        }
      },

      // A signal belongs to this isolate and cannot be sent.
      async settle({ signal: _, ...settlement }) {
        return objects.getByName(deliveryName(settlement.claim)).settle(settlement)
      },

      async giveBack(request) {
        await undo(request, ++rounds, everyOwner(request))
      },

      knowsBlocked(client, now) {
        // A copy past its time must not go on refusing: what is refused here would never refresh it.
        return copy.isFresh(Date.now()) && copy.blocks(client, now)
      },

      ...storeOf(objects),
    }
  }
}

interface OwnerAnswer extends Counted {
  owner: string
  /** Where the owner's limits stand in the request. */
  at: number[]
}

function byOwner({ limits }: AdmitRequest): Map<string, number[]> {
  const owners = new Map<string, number[]>()
  limits.forEach(({ owner }, index) => {
    owners.set(owner, [...(owners.get(owner) ?? []), index])
  })
  return owners
}

function everyOwner(request: AdmitRequest): string[] {
  const owners = new Set<string>(request.limits.map(({ owner }) => owner))
  return [...owners, ...(request.claim ? [deliveryName(request.claim)] : [])]
}

function refusal(request: AdmitRequest, copy: ControlCopy): Admission | undefined {
  const now = Date.now()
  if (copy.blocks(request.client, now)) return { outcome: 'blocked' }
  if (copy.revokes(request.revocable ?? [], request.issuedAt, now)) return { outcome: 'revoked' }
  return undefined
}

/** Blocked before revoked before limited before leased or done. */
function decide(
  request: AdmitRequest,
  copy: ControlCopy,
  claimed: Claimed | undefined,
  answers: readonly OwnerAnswer[],
): Admission {
  const refused = refusal(request, copy)
  if (refused) return refused
  const placed: LimitReading[] = []
  for (const { at, readings } of answers) {
    readings.forEach((reading, index) => {
      placed[at[index] ?? placed.length] = reading
    })
  }
  const violated = answers.flatMap((answer) => answer.violated)
  if (violated.length > 0) {
    return { outcome: 'limited', limits: placed, violated, retryAfterSeconds: retryAfterSeconds(placed) }
  }
  if (claimed !== undefined && claimed.outcome !== 'admitted') return { ...claimed, limits: placed }
  return { outcome: 'admitted', limits: placed, reported: answers.flatMap(({ reported }) => reported) }
}
