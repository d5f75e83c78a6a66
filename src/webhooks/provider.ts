import type { Duration } from '../lib/duration.ts'
import type { SecretName } from '../names.ts'
import { knownOnly, missingOr } from '../options.ts'
import { statedTolerance, toleranceOf } from './clock.ts'
import { type Bound, type WebhookAuthenticator, webhook } from './engine.ts'
import type { OptionFail, Scheme, Tolerance } from './scheme.ts'

/** Options by what the scheme needs. */
export type ProviderOptions<S, More> = (S extends { secretForm: string }
  ? {
      /** The secret's name; a second one for rotation is read from the same name with `_NEXT`. */
      secret: SecretName
    }
  : unknown) &
  (S extends { topicHeader: string }
    ? {
        /** The events that the route takes; others are refused, since the signature does not cover their name. */
        events: readonly [string, ...string[]]
      }
    : unknown) &
  (S extends { proof: { signsUrl: true } } | { proof: { by: { signsUrl: true } } }
    ? {
        /**
         * The URL as it is registered with the provider, without a query, since it is signed.
         * @default scheme and host of the request, which is one of `PUBLIC_HOSTS`, and its path
         */
        url?: string
      }
    : unknown) &
  (S extends { proof: { by: { time: object } } }
    ? {
        /** How old a signed time may be, and how far ahead: never over 5 minutes. At most `'7 d'`. @default the provider's */
        tolerance?: Duration
      }
    : unknown) &
  (S extends { proof: { kind: 'token' } }
    ? {
        /**
         * Takes equal bodies for one delivery, for `replay.ttl` (30 days): nothing is signed, so this keeps retries out, not
         * whoever knows the token. @default every request is a delivery
         */
        deduplicate?: 'body'
      }
    : unknown) &
  (S extends { proof: { by: { in: 'stated header' } } }
    ? {
        /** The header that carries the token, in lower case. @default 'authorization' */
        header?: string
      }
    : unknown) &
  (S extends { proof: { covers: 'part' } }
    ? {
        /** Says that you know: the signature does not cover the whole body, and what it does not cover is worth no more than TLS. */
        unsafeBodyIsNotSigned: true
      }
    : unknown) &
  More

/** A provider: a function of the route's options, and the scheme for signers, checks and documentation. */
export interface Provider<S, More> {
  (options: ProviderOptions<S, More>): WebhookAuthenticator
  readonly scheme: Scheme
}

/** Makes a provider out of its scheme. Options are checked when the module loads; a mistake throws a TypeError. */
export function provider<const S, More = unknown>(scheme: S & Scheme<More>): Provider<S, More> {
  // Only the functions that `configure` belongs to read the options, and they are of one file.
  const own = scheme as Scheme
  const make = (options: ProviderOptions<S, More>) => webhook(bind(own, (options ?? {}) as object))
  return Object.assign(make, { scheme: own })
}

interface Given {
  secret?: unknown
  events?: unknown
  url?: unknown
  tolerance?: unknown
  unsafeBodyIsNotSigned?: unknown
}

function bind(scheme: Scheme, options: Given): Bound {
  const fail: OptionFail = (option, problem) => {
    throw new TypeError(`${scheme.name}: ${option}: ${problem}`)
  }
  const { proof } = scheme
  knownOnly(options, namesOf(scheme), '', fail)
  if (proof.covers === 'part' && options.unsafeBodyIsNotSigned !== true) {
    fail(
      'unsafeBodyIsNotSigned',
      'is missing; its signature does not cover the whole body: say true where you know',
    )
  }
  return {
    scheme: proof.forRoute ? { ...scheme, proof: proof.forRoute(options, fail) } : scheme,
    secret: secretOf(scheme, options.secret, fail),
    events: eventsOf(scheme, options.events, fail),
    url: urlOf(options.url, fail),
    tolerance: toleranceFor(proof.tolerance, options.tolerance, fail),
    needs: scheme.configure?.(options, fail) ?? {},
    options,
  }
}

/** The options that a scheme has: what it does not need is no option of it. */
function namesOf({ secretForm, topicHeader, proof, options = [] }: Scheme): string[] {
  const names: [string, unknown][] = [
    ['secret', secretForm !== undefined],
    ['events', topicHeader !== undefined],
    ['url', proof.signsUrl],
    ['tolerance', proof.tolerance],
    ['unsafeBodyIsNotSigned', proof.covers === 'part'],
  ]
  return [...names.flatMap(([name, has]) => (has ? [name] : [])), ...(proof.options ?? []), ...options]
}

function secretOf({ secretForm }: Scheme, secret: unknown, fail: OptionFail): string | undefined {
  if (secretForm === undefined) return undefined
  if (typeof secret === 'string' && secret !== '') return secret
  return fail('secret', `${missingOr(secret || undefined)}; name the Worker secret that holds ${secretForm}`)
}

function eventsOf({ topicHeader }: Scheme, events: unknown, fail: OptionFail): Bound['events'] {
  if (topicHeader === undefined) return undefined
  if (!Array.isArray(events) || events.length === 0) {
    const given = Array.isArray(events) ? undefined : events
    return fail(
      'events',
      `${missingOr(given)}; list what the route takes, since ${topicHeader} is not signed`,
    )
  }
  if (![...events].every((event) => typeof event === 'string' && event !== '')) {
    fail('events', `holds what is no name; list the values that ${topicHeader} has, as texts`)
  }
  return new Set(events)
}

function urlOf(url: unknown, fail: OptionFail): string | undefined {
  if (url === undefined) return undefined
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search !== '' || parsed.hash !== '') {
    return fail('url', 'is not an http or https URL without query and fragment')
  }
  return url as string
}

function toleranceFor(own: Tolerance | undefined, given: unknown, fail: OptionFail): Tolerance | undefined {
  if (given === undefined || own === undefined) return own
  return toleranceOf(statedTolerance(given, 'tolerance', fail))
}
