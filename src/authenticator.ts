import type { Authenticated, Awaitable, Env, Identified, Result } from './contract.ts'
import type { Principal } from './principals.ts'
import type { Store } from './state/store.ts'

/** What a scheme proves about a request. */
export type Proven<P extends Principal> = Pick<
  Authenticated<P>,
  | 'principal'
  | 'json'
  | 'bodyDigest'
  | 'replay'
  | 'acknowledgement'
  | 'handshake'
  | 'notes'
  | 'credential'
  | 'revocable'
  | 'issuedAtMs'
  | 'answerHeaders'
  | 'warnings'
>

/** What a credential may be checked with, beside what the request says. */
export interface Means {
  env: Env
  /** What shared state keeps for credentials: asked only where no isolate memory answers. */
  store: Store
  /** Keeps the Worker alive for work that no answer waits for (`ctx.waitUntil`). */
  background: (promise: Promise<unknown>) => void
  /** Milliseconds of the route's deadline that are left: no call may be waited for any longer. */
  remainingMs: () => number
}

/** The second half of an authenticator: the crypto, once the headers made sense. */
export type Verify<P extends Principal> = (
  body: Uint8Array<ArrayBuffer> | undefined,
  means: Means,
) => Awaitable<Result<Proven<P>>>

/** A way to authenticate, as `WWW-Authenticate` names it (RFC 9110 section 11.6.1). */
export interface ChallengeScheme {
  scheme: string
  /** Parameters that every challenge of the scheme carries, such as DPoP's `algs`. */
  parameters?: Readonly<Record<string, string>>
}

/** A var that a credential needs; `isUrl` is https, or http on this machine. A secret may stand in the place of a text. */
export interface NamedVar {
  readonly name: string
  readonly isUrl?: boolean
}

/** How a body is read before its schema sees it. */
export type Syntax = 'json' | 'form'

/** A media type in lower case and without parameters, and how its body is read: SNS sends JSON as `text/plain`. */
export interface Content {
  readonly mediaType: string
  readonly syntax: Syntax
}

/**
 * Who a caller is. An object and not a bare function, so that inference inside `defineRoute` holds.
 * `inspect` reads headers only and refuses what needs no body and no key; `verify` does the crypto.
 */
export interface Authenticator<P extends Principal = Principal, K extends Principal['kind'] = P['kind']> {
  readonly name: string
  readonly kind: K
  /** Where callers of several kinds come to one route: all of them. @default the one `kind` */
  readonly kinds?: readonly Principal['kind'][]
  /** The body is read before `verify`, not after authorize. */
  readonly signsBody: boolean
  /** Names of the Worker secrets that this scheme needs. */
  readonly secrets: readonly string[]
  /** What its 401 tells clients to come with. @default a webhook's signature */
  readonly challenges?: readonly ChallengeScheme[]
  /** Names of the vars that hold the issuers whose tokens are taken, for the resource's metadata (RFC 9728). */
  readonly issuers?: readonly string[]
  /** Other vars that it reads, for the check before a deployment. */
  readonly vars?: readonly NamedVar[]
  /** Takes access tokens that are bound to a client certificate (RFC 8705), for the same. @default false */
  readonly certificateBound?: boolean
  /** What the provider sends; its routes take all of it unless they name media types. @default JSON as application/json */
  readonly content?: readonly Content[]
  /**
   * The handshake that a provider does not sign and that is answered here: its method, and its path where that is not the
   * route's. For the check before a deployment.
   */
  readonly greets?: { readonly method: string; readonly path: string | undefined }
  /** Milliseconds that the provider waits for an answer: the default of `forward.timeout`. @default 10_000 */
  readonly timeoutMs?: number
  /** The provider wants answers without a body and without cookies, the origin's too. @default false */
  readonly bareAnswers?: boolean
  /**
   * Statuses that mean something else to the provider than a refusal, and what it gets in their place: `{ 400: 422 }` where a
   * 400 would end the subscription. For the gateway's own refusals; 400 to 599.
   */
  readonly refusalStatuses?: Readonly<Record<number, number>>
  readonly inspect: (facts: Identified, env: Env) => Result<Verify<P>>
}
