import type { Authenticator, Means, Proven, Verify } from '../authenticator.ts'
import {
  allow,
  type DeliveryNotes,
  type Denial,
  deny,
  type Identified,
  type RequestHeaders,
  type Result,
} from '../contract.ts'
import type { WebhookPrincipal } from '../principals.ts'
import { checkTime, parseTime } from './clock.ts'
import { greet, isGreeting } from './greeting.ts'
import { type Inside, lookInside, memberAt } from './inside.ts'
import { type KeyRing, keyRing, malformedSecrets } from './keys.ts'
import { replayKey } from './replay.ts'
import type { Needs, Scheme, Sent, Tolerance } from './scheme.ts'

const HINT = /^[\w.:+/=-]{1,128}$/
const NO_KEYS = allow<KeyRing>({ keys: [], broken: [] })

export type WebhookAuthenticator = Authenticator<WebhookPrincipal, 'webhook'>

/** A scheme with what a route said about it, checked. */
export interface Bound {
  scheme: Scheme
  /** The secret's name; undefined where the provider has none. */
  secret: string | undefined
  /** The events that the route takes, where their header is not signed. */
  events: ReadonlySet<string> | undefined
  /** The URL as the provider has it, without a query. */
  url: string | undefined
  tolerance: Tolerance | undefined
  needs: Needs
  /** All options as they were given, for the functions of this provider alone. */
  options: unknown
}

/** Makes an authenticator out of a provider's scheme. */
export function webhook(bound: Bound): WebhookAuthenticator {
  const { scheme, secret, tolerance, needs } = bound
  const keysFrom = secret === undefined ? async () => NO_KEYS : keyRing(scheme, secret)
  const { content, bareAnswers, greeting, refusalStatuses, timeoutSeconds } = scheme
  return {
    name: scheme.name,
    kind: 'webhook',
    signsBody: true,
    secrets: [...(secret === undefined ? [] : [secret]), ...(needs.secrets ?? [])],
    ...(needs.vars && { vars: needs.vars }),
    ...(greeting && { greets: { method: greeting.method, path: greeting.path } }),
    ...(content && { content }),
    ...(bareAnswers && { bareAnswers }),
    ...(refusalStatuses && { refusalStatuses }),
    ...(timeoutSeconds !== undefined && { timeoutMs: timeoutSeconds * 1000 }),
    inspect(facts) {
      const sent = sentOf(bound, facts)
      if (isGreeting(scheme, sent)) return allow(greet(bound, sent, facts.search))
      const read = scheme.proof.inspect(sent, tolerance)
      if (!read.ok) return refusal(scheme, read.denial)
      const verify: Verify<WebhookPrincipal> = async (body = new Uint8Array(), means) => {
        const ring = await keysFrom(means.env)
        if (!ring.ok) return ring
        return prove(bound, ring.value, read.value, { ...sent, body, means })
      }
      return allow(verify)
    },
  }
}

/** The signature, then everything else that the verified bytes say. */
async function prove(
  bound: Bound,
  { keys, broken }: KeyRing,
  read: unknown,
  delivery: Sent & { body: Uint8Array<ArrayBuffer>; means: Means },
): Promise<Result<Proven<WebhookPrincipal>>> {
  const { scheme, tolerance, options } = bound
  const { body } = delivery
  const checked = await scheme.proof.verify(read, { ...delivery, keys, options, tolerance })
  if (!checked.ok) return refusal(scheme, checked.denial)
  const event = declaredEvent(bound, delivery.headers)
  if (!event.ok) return event
  const inside = lookInside(scheme, body)
  const timely = checkBodyTime(scheme, inside, delivery.now, tolerance)
  if (!timely.ok) return refusal(scheme, timely.denial)
  const bodyId = scheme.bodyId === undefined ? undefined : memberAt(inside.members, scheme.bodyId)
  const facts = { body, bodyId, event: event.value, tolerance }
  const handshake =
    inside.strict &&
    (await scheme.handshake?.({
      headers: delivery.headers,
      json: inside.strict,
      // The provider answers with the secret that it has.
      secrets: keys.filter(({ slot }) => slot === checked.value.slot).map(({ text }) => text),
    }))
  return allow<Proven<WebhookPrincipal>>({
    principal: principalOf(bound, event.value, checked.value.signed),
    acknowledgement: scheme.acknowledgement ?? { status: 200 },
    notes: {
      provider: scheme.name,
      secretSlot: checked.value.slot,
      ...hintOf(scheme, delivery.headers, checked.value.id ?? bodyId),
    },
    ...(await replayKey(scheme, checked.value, facts)),
    ...(inside.json && { json: inside.json }),
    ...(handshake && { handshake }),
    ...(broken.length > 0 && { warnings: [malformedSecrets(scheme, broken).denial] }),
  })
}

/** A denial with the provider's name before its reason, and the status that the provider wants. */
export function refusal({ name, refusalStatus }: Scheme, denial: Denial): { ok: false; denial: Denial } {
  const status = denial.code.startsWith('signature_') && refusalStatus !== undefined
  return {
    ok: false,
    denial: { ...denial, reason: `${name}: ${denial.reason}`, ...(status && { status: refusalStatus }) },
  }
}

/** What a signature may cover. The URL is the public one: what the client named, of the hosts that are served. */
function sentOf(
  { url }: Pick<Bound, 'url'>,
  { request, headers, client, now, method, scheme, host, path, search }: Identified,
): Sent {
  const base = url ?? `${scheme}://${host}${path}`
  // `search` is what goes on, its apostrophes escaped; the sender has signed what it sent.
  const sentSearch = search === '' ? '' : request.url.slice(request.url.indexOf('?'))
  return { method, url: base + sentSearch, client: client.key, headers, now }
}

function declaredEvent({ scheme, events }: Bound, headers: RequestHeaders): Result<string | undefined> {
  const { name, topicHeader } = scheme
  if (!events || topicHeader === undefined) return allow(undefined)
  const event = headers.get(topicHeader)
  if (event !== undefined && events.has(event)) return allow(event)
  return deny(
    'event_not_declared',
    `${name}: ${topicHeader} is ${event === undefined ? 'missing' : 'not in events'}`,
  )
}

function checkBodyTime(
  { proof: { bodyTime } }: Scheme,
  { members }: Inside,
  now: number,
  tolerance: Tolerance | undefined,
): Result<true> {
  if (!bodyTime || !tolerance) return allow(true)
  const value = memberAt(members, bodyTime.path)
  const ms = parseTime(typeof value === 'number' ? String(value) : '', bodyTime.unit)
  if (ms === undefined) return deny('signature_refused', `${bodyTime.path} is not of its form`)
  return checkTime(ms, now, tolerance)
}

export const principalOf = (
  { scheme, secret }: Pick<Bound, 'scheme' | 'secret'>,
  event: string | undefined,
  signed?: Readonly<Record<string, string>>,
): WebhookPrincipal => ({
  kind: 'webhook',
  id: secret === undefined ? scheme.name : `${scheme.name}|${secret}`,
  provider: scheme.name,
  covers: scheme.proof.covers,
  ...(event !== undefined && { event }),
  ...(signed && { signed: Object.freeze({ ...signed }) }),
})

/** The delivery id that people quote, where its characters can do no harm in a log. */
function hintOf(
  { hintHeader }: Scheme,
  headers: RequestHeaders,
  id: unknown,
): Pick<DeliveryNotes, 'deliveryHint'> {
  const hint = (hintHeader === undefined ? undefined : headers.get(hintHeader)) ?? id
  return typeof hint === 'string' && HINT.test(hint) ? { deliveryHint: hint } : {}
}
