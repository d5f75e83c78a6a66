import type { Validated } from '../../contract.ts'
import { sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import { askRoute, type CompiledLimit, type Route } from '../../route.ts'
import { type AdmitRequest, type DeliveryClaim, type LimitClaim, MOST_NAMES } from '../../state/state.ts'

/** The lease outlives the origin's timeout by this much, so that a slow forward never runs without it. */
const LEASE_MARGIN_MS = 31_000
const MAX_COST = 1_000_000_000
const MAX_TTL_MS = 400 * 86_400_000

type Background = (promise: Promise<unknown>) => void

/** What the limits and the claim of one request are made of. */
interface Asking {
  facts: Validated
  route: Route
  routeId: string
  /** What the route's `tenant` returned; undefined where there is none, or where report mode cannot know. */
  tenant: string | undefined
}

/** Builds the one question to shared state: every limit and the replay claim of this request. */
export async function admitRequest(
  facts: Validated,
  route: Route,
  routeId: string,
  background: Background,
): Promise<AdmitRequest> {
  const tenant = askRoute(route, facts, () => route.tenant && textOf(route.tenant(facts)), undefined)
  const asking: Asking = { facts, route, routeId, tenant }
  return {
    token: crypto.randomUUID(),
    now: facts.now,
    background,
    ...(facts.client.key !== undefined && { client: facts.client.key }),
    revocable: namesOf(facts),
    ...(facts.issuedAtMs !== undefined && { issuedAt: facts.issuedAtMs }),
    limits: await Promise.all(route.limits.map((limit) => limitClaim(limit, asking))),
    ...(facts.replay && { claim: await deliveryClaim(facts.replay, asking) }),
  }
}

/** A name that is left out would be one that cannot be revoked. */
function namesOf({ revocable, principal }: Validated): readonly string[] {
  const names = revocable ?? [principal.id]
  if (names.length <= MOST_NAMES) return names
  throw new RangeError(`a credential has at most ${MOST_NAMES} names to be revoked under`)
}

async function limitClaim(limit: CompiledLimit, asking: Asking): Promise<LimitClaim> {
  const { facts, route, routeId } = asking
  const { algorithm, windowMs, calendar, mode, pool, tier, tiers, cost } = limit
  // A limit in report mode refuses nobody, its functions as little as its count.
  const ask = <T>(run: () => T, otherwise: T) =>
    askRoute({ mode: mode === 'report' ? mode : route.mode }, facts, run, otherwise)
  const named = tier && ask(() => tierOf(tier(facts)), undefined)
  const { max, refill } = (named === undefined ? undefined : tiers.get(named)) ?? limit
  return {
    algorithm,
    max,
    windowMs,
    ...(calendar && { calendar }),
    refill,
    mode,
    cost: typeof cost === 'number' ? cost : ask(() => unitsOf(cost(facts)), 1),
    name: `${pool === undefined ? routeId : '*'}:${limit.name}`,
    owner: await ownerOf(limit, asking, ask),
  }
}

async function ownerOf(
  { by, name, pool }: CompiledLimit,
  { facts, routeId, tenant }: Asking,
  ask: <T>(run: () => T, otherwise: T) => T,
): Promise<LimitClaim['owner']> {
  switch (by) {
    case 'route':
      return pool === undefined ? `route:${routeId}` : `pool:${pool}`
    case 'client':
      return `client:${facts.client.key ?? 'unknown'}`
    case 'principal':
      return `principal:${facts.principal.id}`
    case 'tenant':
      return `tenant:${tenant === undefined ? 'unknown' : await digestOf('tenant', tenant)}`
    case 'provider':
      return `provider:${ask(() => memberOf(facts.principal, 'provider'), 'unknown')}`
    case 'apiKey': {
      const keyId = ask(() => memberOf(facts.principal, 'keyId'), undefined)
      return `apiKey:${keyId === undefined ? 'unknown' : await digestOf('apiKey', keyId)}`
    }
    default:
      // Those about whom the function cannot speak are counted together.
      return `key:${await digestOf(
        pool === undefined ? routeId : '*',
        name,
        ask(() => textOf(by(facts)), ''),
      )}`
  }
}

async function deliveryClaim(
  replay: NonNullable<Validated['replay']>,
  { facts, route, routeId, tenant = '' }: Asking,
): Promise<DeliveryClaim> {
  return {
    route: routeId,
    // What may be used once is used for whatever tenant: on a token route a client may name that itself.
    key: await digestOf(routeId, replay.kind === 'once' ? '' : tenant, replay.kind, replay.id),
    requestId: facts.id,
    kind: replay.kind,
    leaseMs: route.forward.timeoutMs + LEASE_MARGIN_MS,
    ttlMs: ttlOf(Math.max(route.replay.ttlMs ?? replay.ttlMs, replay.floorMs)),
    copiesPass: route.replay.onDuplicate === 'forward',
  }
}

/** A scheme may compute its TTL out of a signed time; a backend would write half of a claim whose TTL is none. */
function ttlOf(ms: number): number {
  if (ms > 0 && ms <= MAX_TTL_MS) return Math.ceil(ms)
  throw new RangeError('the TTL of a claim must be above 0 and at most 400 days')
}

/** Units that a route's function named; anything else than a whole number would spoil a count for everybody. */
function unitsOf(cost: number): number {
  if (Number.isSafeInteger(cost) && cost >= 0 && cost <= MAX_COST) return cost
  throw new RangeError('the cost of a request must be a whole number from 0 to 1e9')
}

/** A tier that is no text would be taken for none, as a promise of one is. */
const tierOf = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : textOf(value)

/** What a route's function named: without a text, strangers would be counted as one. */
function textOf(value: string): string {
  if (typeof value === 'string') return value
  throw new TypeError('the function of a route did not return text')
}

/** A member that principals of one kind have. */
const memberOf = (principal: Validated['principal'], name: string): string =>
  textOf((principal as unknown as Record<string, string>)[name] as string)

/** Hex SHA-256 over the parts; JSON keeps them apart, whatever they hold. */
const digestOf = async (...parts: readonly string[]): Promise<string> =>
  encodeHex(await sha256(utf8(JSON.stringify(parts))))
