import {
  type Authenticator,
  allow,
  BODY_JSON_LIMITS,
  type Denial,
  deny,
  type Env,
  type Proven,
  type ReplayKey,
  type Result,
  type WebhookPrincipal,
} from '../contract.ts'
import { concatBytes, sha256, utf8 } from '../lib/digest.ts'
import { encodeHex } from '../lib/hex.ts'
import { type JsonOutcome, parseJson } from '../lib/json.ts'
import type { SecretName } from '../names.ts'
import { type Key, keyRing, type SecretSlot } from './keyring.ts'
import type { Scheme, Signed } from './scheme.ts'

const DAY_MS = 86_400_000
/** Where no time is signed, a copy is accepted again after this long. */
const UNTIMED_TTL_MS = 30 * DAY_MS
const HINT = /^[\w.:+/=-]{1,128}$/

export type WebhookAuthenticator = Authenticator<WebhookPrincipal, 'webhook'>

/** Makes an authenticator out of a provider's scheme. */
export function webhook(
  scheme: Scheme,
  options: { secret: SecretName; events?: readonly string[] },
): WebhookAuthenticator {
  const { secret } = options
  if (!secret) {
    throw new TypeError(
      `${scheme.name}: secret: is missing; name the Worker secret that holds ${scheme.secretForm}`,
    )
  }
  const events = eventsOf(scheme, options.events)
  const keys = keyRing(scheme, secret)
  return {
    name: scheme.name,
    kind: 'webhook',
    signsBody: true,
    secrets: [secret],
    inspect(facts) {
      const signed = inspectHeaders(scheme, facts.request.headers, facts.now)
      if (!signed.ok) return signed
      return allow(async (body: Uint8Array<ArrayBuffer> | undefined, env: Env) => {
        const bytes = body ?? new Uint8Array()
        const ring = await keys(env)
        if (!ring.ok) return ring
        const message = signed.value.prefix === '' ? bytes : concatBytes(utf8(signed.value.prefix), bytes)
        const slot = await verifySignatures(ring.value, signed.value, message)
        if (slot === undefined) return deny('signature_refused', `${scheme.name}: no signature matches`)
        const event = declaredEvent(scheme, events, facts.request.headers)
        if (!event.ok) return event
        return allow(
          await describe(
            scheme,
            secret,
            signed.value,
            { bytes, message, slot, event: event.value },
            facts.request.headers,
          ),
        )
      })
    },
  }
}

/**
 * The provider's own check and nothing else: header form, clock, signature. Topics, replay and schema come later.
 * `secrets` are the texts of the slots in order.
 */
export async function verifyDelivery(
  scheme: Scheme,
  delivery: { headers: Headers; body: Uint8Array<ArrayBuffer>; now: number },
  secrets: readonly string[],
): Promise<Result<SecretSlot>> {
  const signed = inspectHeaders(scheme, delivery.headers, delivery.now)
  if (!signed.ok) return signed
  const ring = await keyRing(scheme, 'SECRET')({ SECRET: secrets[0], SECRET_NEXT: secrets[1] })
  if (!ring.ok) return ring
  const message = concatBytes(utf8(signed.value.prefix), delivery.body)
  const slot = await verifySignatures(ring.value, signed.value, message)
  return slot === undefined ? deny('signature_refused', `${scheme.name}: no signature matches`) : allow(slot)
}

function inspectHeaders(scheme: Scheme, headers: Headers, now: number): Result<Signed> {
  const signed = scheme.read(headers)
  if ('missing' in signed) return deny('signature_missing', `${scheme.name}: ${signed.missing} is missing`)
  if ('malformed' in signed)
    return deny('signature_refused', `${scheme.name}: ${signed.malformed} is not of its form`)
  if (scheme.toleranceSeconds === undefined || signed.timestamp === undefined) return allow(signed)
  // Not rounded: half a second more on either side would outlive the claim of `floorMs`.
  const skewMs = now - signed.timestamp * 1000
  if (Math.abs(skewMs) <= scheme.toleranceSeconds * 1000) return allow(signed)
  const measure: Denial['measure'] = {
    limit: scheme.toleranceSeconds,
    actual: Math.ceil(Math.abs(skewMs) / 1000),
    unit: 'seconds',
  }
  return deny(
    'signature_refused',
    `${scheme.name}: the signed time is too ${skewMs > 0 ? 'old' : 'far ahead'}`,
    { measure },
  )
}

async function verifySignatures(ring: readonly Key[], signed: Signed, message: Uint8Array<ArrayBuffer>) {
  for (const { slot, key } of ring) {
    for (const signature of signed.signatures) {
      if (await crypto.subtle.verify('HMAC', key, signature, message)) return slot
    }
  }
  return undefined
}

function eventsOf(scheme: Scheme, events: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (scheme.topicHeader === undefined) return undefined
  if (!events || events.length === 0) {
    throw new TypeError(
      `${scheme.name}: events: is missing; list what the route takes, since ${scheme.topicHeader} is not signed`,
    )
  }
  return new Set(events)
}

function declaredEvent(
  scheme: Scheme,
  events: ReadonlySet<string> | undefined,
  headers: Headers,
): Result<string | undefined> {
  if (!events || scheme.topicHeader === undefined) return allow(undefined)
  const event = headers.get(scheme.topicHeader)
  if (event !== null && events.has(event)) return allow(event)
  return deny(
    'event_not_declared',
    `${scheme.name}: ${scheme.topicHeader} is ${event === null ? 'missing' : 'not in events'}`,
  )
}

interface Verified {
  bytes: Uint8Array<ArrayBuffer>
  message: Uint8Array<ArrayBuffer>
  slot: SecretSlot
  event: string | undefined
}

async function describe(
  scheme: Scheme,
  secret: string,
  signed: Signed,
  { bytes, message, slot, event }: Verified,
  headers: Headers,
): Promise<Proven<WebhookPrincipal>> {
  const json =
    scheme.bodyId || scheme.handshake
      ? parseJson(bytes, BODY_JSON_LIMITS, { exactNumbers: false })
      : undefined
  const object = objectIn(json)
  const handshake = object && scheme.handshake?.(object)
  const bodyId = object && scheme.bodyId?.(object)
  const id = signed.id ?? (typeof bodyId === 'string' && bodyId !== '' ? bodyId : undefined)
  const digest = id === undefined ? await sha256(message) : undefined
  const hint = (scheme.hintHeader === undefined ? null : headers.get(scheme.hintHeader)) ?? id
  return {
    principal: {
      kind: 'webhook',
      id: `${scheme.name}|${secret}`,
      provider: scheme.name,
      ...(event !== undefined && { event }),
    },
    replay: replayKey(
      scheme,
      id ?? encodeHex(digest as Uint8Array),
      id === undefined ? 'digest' : 'id',
      event,
    ),
    acknowledgement: scheme.acknowledgement,
    notes: {
      provider: scheme.name,
      secretSlot: slot,
      ...(typeof hint === 'string' && HINT.test(hint) && { deliveryHint: hint }),
    },
    ...(json && { json }),
    ...(digest && message === bytes && { bodyDigest: digest }),
    ...(handshake && { handshake }),
  }
}

function objectIn(json: JsonOutcome | undefined): Readonly<Record<string, unknown>> | undefined {
  const isObject =
    json?.ok && typeof json.value === 'object' && json.value !== null && !Array.isArray(json.value)
  return isObject ? (json.value as Readonly<Record<string, unknown>>) : undefined
}

/** The id under which a delivery is claimed; an unsigned topic joins the digest, so that it cannot stand for another's. */
function replayKey(scheme: Scheme, id: string, kind: 'id' | 'digest', event: string | undefined): ReplayKey {
  // A signed time passes for the tolerance on either side of now.
  const floorMs = scheme.toleranceSeconds === undefined ? 0 : 2 * scheme.toleranceSeconds * 1000
  const ttlMs =
    scheme.toleranceSeconds === undefined
      ? UNTIMED_TTL_MS
      : Math.max(scheme.redelivery.horizonSeconds * 1000, floorMs)
  return { kind: 'delivery', id: `${kind}:${id}${event === undefined ? '' : `:${event}`}`, ttlMs, floorMs }
}
