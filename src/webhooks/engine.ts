import type { Authenticator, Means, Proven } from '../authenticator.ts'
import { allow, BODY_JSON_LIMITS, type DeliveryNotes, deny, type Result } from '../contract.ts'
import { parseJson } from '../lib/json.ts'
import type { SecretName } from '../names.ts'
import type { WebhookPrincipal } from '../principals.ts'
import { inspectHeaders, verifySigned } from './check.ts'
import { keyRing, malformedSecrets } from './keyring.ts'
import { replayKey } from './replay.ts'
import type { Scheme } from './scheme.ts'

const HINT = /^[\w.:+/=-]{1,128}$/

export type WebhookAuthenticator = Authenticator<WebhookPrincipal, 'webhook'>

/** Makes an authenticator out of a provider's scheme. */
export function webhook(
  scheme: Scheme,
  options: { secret: SecretName; events?: readonly string[] },
): WebhookAuthenticator {
  const secretName = options.secret
  if (!secretName) {
    throw new TypeError(
      `${scheme.name}: secret: is missing; name the Worker secret that holds ${scheme.secretForm}`,
    )
  }
  const events = eventsOf(scheme, options.events)
  const keysFrom = keyRing(scheme, secretName)
  return {
    name: scheme.name,
    kind: 'webhook',
    signsBody: true,
    secrets: [secretName],
    inspect({ request, now }) {
      const signed = inspectHeaders(scheme, request.headers, now)
      if (!signed.ok) return signed
      return allow(async function verify(
        sent: Uint8Array<ArrayBuffer> | undefined,
        { env }: Pick<Means, 'env'>,
      ) {
        const body = sent ?? new Uint8Array()
        const ring = await keysFrom(env)
        if (!ring.ok) return ring
        const checked = await verifySigned(scheme, ring.value, signed.value, body)
        if (!checked.ok) return checked
        const event = declaredEvent(scheme, events, request.headers)
        if (!event.ok) return event
        const parsed = lookInside(scheme, body)
        const parts = { message: checked.value.message, bodyId: parsed.bodyId, event: event.value }
        const { broken } = ring.value
        return allow<Proven<WebhookPrincipal>>({
          principal: principalOf(scheme, secretName, event.value),
          acknowledgement: scheme.acknowledgement,
          notes: {
            provider: scheme.name,
            secretSlot: checked.value.slot,
            ...hintOf(scheme, request.headers, signed.value.id ?? parsed.bodyId),
          },
          ...(await replayKey(scheme, signed.value, parts)),
          ...(parsed.json && { json: parsed.json }),
          ...(parsed.handshake && { handshake: parsed.handshake }),
          ...(broken.length > 0 && { warnings: [malformedSecrets(scheme, broken).denial] }),
        })
      })
    },
  }
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
  { name, topicHeader }: Scheme,
  events: ReadonlySet<string> | undefined,
  headers: Headers,
): Result<string | undefined> {
  if (!events || topicHeader === undefined) return allow(undefined)
  const event = headers.get(topicHeader)
  if (event !== null && events.has(event)) return allow(event)
  return deny(
    'event_not_declared',
    `${name}: ${topicHeader} is ${event === null ? 'missing' : 'not in events'}`,
  )
}

/** Reads the verified body, where the scheme has its id or a handshake in it. */
function lookInside(scheme: Scheme, body: Uint8Array<ArrayBuffer>) {
  if (!scheme.bodyId && !scheme.handshake) return { json: undefined, bodyId: undefined, handshake: undefined }
  const json = parseJson(body, BODY_JSON_LIMITS, { exactNumbers: false })
  // What the strict parser refuses is one delivery all the same: a retry, signed anew, has to find its id.
  const object = objectIn(json.ok ? json.value : looseJson(body))
  return {
    json,
    bodyId: object && scheme.bodyId?.(object),
    handshake: json.ok && object ? scheme.handshake?.(object) : undefined,
  }
}

const objectIn = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined

function looseJson(body: Uint8Array<ArrayBuffer>): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

const principalOf = (scheme: Scheme, secretName: string, event: string | undefined): WebhookPrincipal => ({
  kind: 'webhook',
  id: `${scheme.name}|${secretName}`,
  provider: scheme.name,
  ...(event !== undefined && { event }),
})

/** The delivery id that people quote, where its characters can do no harm in a log. */
function hintOf({ hintHeader }: Scheme, headers: Headers, id: unknown): Pick<DeliveryNotes, 'deliveryHint'> {
  const hint = (hintHeader === undefined ? null : headers.get(hintHeader)) ?? id
  return typeof hint === 'string' && HINT.test(hint) ? { deliveryHint: hint } : {}
}
