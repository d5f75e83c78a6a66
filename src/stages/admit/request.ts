import type { Validated } from '../../contract.ts'
import { sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import { askRoute, type CompiledLimit, type Route } from '../../route.ts'
import type { AdmitRequest, DeliveryClaim, LimitClaim } from '../../state/state.ts'

/** The lease outlives the origin's timeout by this much, so that a slow forward never runs without it. */
const LEASE_MARGIN_MS = 31_000

type Background = (promise: Promise<unknown>) => void

/** Builds the one question to shared state: every limit and the replay claim of this request. */
export async function admitRequest(
  facts: Validated,
  route: Route,
  routeId: string,
  background: Background,
): Promise<AdmitRequest> {
  return {
    token: crypto.randomUUID(),
    now: facts.now,
    background,
    ...(facts.client.key !== undefined && { client: facts.client.key }),
    principal: facts.principal.id,
    limits: await Promise.all(route.limits.map((limit) => limitClaim(limit, facts, route, routeId))),
    ...(facts.replay && { claim: await deliveryClaim(facts, facts.replay, route, routeId) }),
  }
}

async function limitClaim(
  limit: CompiledLimit,
  facts: Validated,
  route: Route,
  routeId: string,
): Promise<LimitClaim> {
  const { algorithm, max, windowMs, refill, mode, cost } = limit
  return {
    algorithm,
    max,
    windowMs,
    refill,
    mode,
    cost,
    name: `${routeId}:${limit.name}`,
    owner: await ownerOf(limit, facts, route, routeId),
  }
}

async function ownerOf(
  { by, name }: CompiledLimit,
  facts: Validated,
  route: Route,
  routeId: string,
): Promise<LimitClaim['owner']> {
  switch (by) {
    case 'route':
      return `route:${routeId}`
    case 'client':
      return `client:${facts.client.key ?? 'unknown'}`
    case 'principal':
      return `principal:${facts.principal.id}`
    default:
      // Those about whom the function cannot speak are counted together.
      return `key:${await digestOf(
        routeId,
        name,
        askRoute(route, facts, () => by(facts), ''),
      )}`
  }
}

async function deliveryClaim(
  facts: Validated,
  replay: NonNullable<Validated['replay']>,
  route: Route,
  routeId: string,
): Promise<DeliveryClaim> {
  const tenant = askRoute(route, facts, () => route.replay.tenant?.(facts), undefined) ?? ''
  return {
    route: routeId,
    key: await digestOf(routeId, tenant, replay.kind, replay.id),
    requestId: facts.id,
    kind: replay.kind,
    leaseMs: route.forward.timeoutMs + LEASE_MARGIN_MS,
    ttlMs: Math.max(route.replay.ttlMs ?? replay.ttlMs, replay.floorMs),
    copiesPass: route.replay.onDuplicate === 'forward',
  }
}

/** Hex SHA-256 over the parts; JSON keeps them apart, whatever they hold. */
const digestOf = async (...parts: readonly string[]): Promise<string> =>
  encodeHex(await sha256(utf8(JSON.stringify(parts))))
