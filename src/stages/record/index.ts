import {
  type Authenticated,
  type Client,
  type Denial,
  type Env,
  type Received,
  secretOf,
} from '../../contract.ts'
import { utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import { formatAddress, truncateAddress } from '../../lib/ip.ts'
import type { Route } from '../../route.ts'
import type { LimitReading } from '../../state/state.ts'
import type { DecisionEvent, Finding, Stage, Waits } from './event.ts'

export type { DecisionEvent, Finding, Stage } from './event.ts'

/** How the record names a client: in full, cut to /24 or /48, or as a keyed hash. */
export type ClientForm = 'full' | 'truncated' | 'hashed'

/** The Worker secret that keys the record's hashes; without it principals and hashed clients stay out. */
export const RECORD_KEY = 'RECORD_KEY'

const CF_RAY = /^[0-9a-f]{16}(-[A-Z]{3})?$/
/** Hex digits kept of a keyed hash: enough to tell millions apart. */
const HASH_DIGITS = 24

/** What is noted while a request is on its way; the event is made of it at the end. */
export interface Journal {
  readonly id: string
  readonly now: number
  method: string | null
  routeId: string | null
  route: Route | null
  client: Client | null
  notes: Authenticated['notes']
  event: string | null
  principal: string | null
  /** Name of the scheme, where the route takes credentials. */
  credential: string | null
  reported: Finding[]
  bytesIn: number | null
  originStatus: number | null
  duplicateOf: string | null
  settled: DecisionEvent['settled']
  readings: readonly LimitReading[]
  state: DecisionEvent['state']
  traceId: string | null
  cfRay: string | null
  waits: Waits
}

export const openJournal = (id: string, now: number): Journal => ({
  id,
  now,
  method: null,
  routeId: null,
  route: null,
  client: null,
  notes: undefined,
  event: null,
  principal: null,
  credential: null,
  reported: [],
  bytesIn: null,
  originStatus: null,
  duplicateOf: null,
  settled: null,
  readings: [],
  state: null,
  traceId: null,
  cfRay: null,
  waits: { firstTier: null, read: null, authenticate: null, admit: null, origin: null, settle: null },
})

/** Notes what receive learnt; a `cf-ray` is believed only from Cloudflare. */
export function noteReceived(
  journal: Journal,
  { headers, method }: Received,
  trustsCloudflare: boolean,
): void {
  const ray = trustsCloudflare ? headers.get('cf-ray') : undefined
  journal.cfRay = ray !== undefined && CF_RAY.test(ray) ? ray : null
  journal.method = method
}

export const finding = (stage: Stage, { code, reason, measure }: Denial): Finding => ({
  stage,
  code,
  reason,
  measure: measure ?? null,
})

/** Times an await into the journal, in milliseconds. */
export async function timed<T>(journal: Journal, wait: keyof Waits, promise: Promise<T>): Promise<T> {
  const start = performance.now()
  try {
    return await promise
  } finally {
    journal.waits[wait] = Math.round((performance.now() - start) * 10) / 10
  }
}

/** Milliseconds that the gateway itself made the request wait before the origin. */
export const waitedMs = ({ waits }: Journal): number =>
  (waits.firstTier ?? 0) + (waits.authenticate ?? 0) + (waits.admit ?? 0)

/** Writes the one event of a decision to the Worker's log. */
export async function record(
  journal: Journal,
  env: Env,
  form: ClientForm,
  outcome: { decision: DecisionEvent['decision']; refusal: Finding | null; response: Response },
): Promise<void> {
  const { route, notes, client, refusal } = { ...journal, ...outcome }
  const event: DecisionEvent = {
    schema: 'sallyport.decision/1',
    id: journal.id,
    time: new Date(journal.now).toISOString(),
    decision: outcome.decision,
    route: journal.routeId,
    method: journal.method,
    owner: route?.owner ?? null,
    sensitivity: route?.sensitivity ?? null,
    mode: route?.mode ?? null,
    stage: refusal?.stage ?? null,
    code: refusal?.code ?? null,
    reason: refusal?.reason ?? null,
    measure: refusal?.measure ?? null,
    reported: journal.reported,
    status: outcome.response.status,
    originStatus: journal.originStatus,
    bytesIn: journal.bytesIn,
    bytesOut: bytesOf(outcome.response),
    client: await clientText(client, form, env),
    country: client?.country ?? null,
    asn: client?.asn ?? null,
    principal: journal.principal === null ? null : await keyedHash(journal.principal, env),
    credential: journal.credential,
    provider: notes?.provider ?? null,
    event: journal.event,
    secretSlot: notes?.secretSlot ?? null,
    deliveryHint: notes?.deliveryHint ?? null,
    duplicateOf: journal.duplicateOf,
    settled: journal.settled,
    limits: journal.readings.map(({ name, max, remaining }) => ({ name, max, remaining })),
    state: journal.state,
    cfRay: journal.cfRay,
    traceId: journal.traceId,
    workerVersion: versionOf(env),
    waits: journal.waits,
    overBudget: route !== null && waitedMs(journal) > route.budgetMs,
  }
  console.log(JSON.stringify(event))
}

/** The declared length of the answer: a stream is passed on without being counted. */
function bytesOf(response: Response): number | null {
  const length = response.headers.get('content-length')
  return length !== null && /^[0-9]{1,15}$/.test(length) ? Number(length) : response.body === null ? 0 : null
}

async function clientText(client: Client | null, form: ClientForm, env: Env): Promise<string | null> {
  if (!client?.address) return null
  if (form === 'full') return formatAddress(client.address)
  return form === 'truncated'
    ? truncateAddress(client.address)
    : keyedHash(formatAddress(client.address), env)
}

let imported: { text: string; key: CryptoKey } | undefined

/** A plain hash of an address or a subject could be searched for; a keyed one cannot. */
async function keyedHash(text: string, env: Env): Promise<string | null> {
  const secret = secretOf(env, RECORD_KEY)
  if (secret === undefined) return null
  if (imported?.text !== secret) {
    const key = await crypto.subtle.importKey('raw', utf8(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
    ])
    imported = { text: secret, key }
  }
  const mac = await crypto.subtle.sign('HMAC', imported.key, utf8(text))
  return encodeHex(new Uint8Array(mac)).slice(0, HASH_DIGITS)
}

function versionOf(env: Env): string | null {
  const metadata = env.CF_VERSION_METADATA
  const id = typeof metadata === 'object' && metadata !== null && 'id' in metadata ? metadata.id : undefined
  return typeof id === 'string' ? id : null
}
