import type { Means } from '../../../../src/authenticator.ts'
import type { Env, Identified } from '../../../../src/contract.ts'
import { type AnyProvider, optionsFor, providers, vectorFileOf } from '../../../../src/dev/catalog.ts'
import { freshSecret } from '../../../../src/testing/fresh-secret.ts'
import { type SignedDelivery, type SignOptions, sign } from '../../../../src/testing/index.ts'
import { filledBody } from '../../../../src/testing/sample.ts'
import type { Sample } from '../../../../src/testing/vector-file.ts'
import type { WebhookAuthenticator } from '../../../../src/webhooks/index.ts'

/** Milliseconds at which the clock of these tests stands. */
export const NOW = 1_800_000_000_000

export { type AnyProvider, vectorFileOf }

/** Every provider that the package exports, by its name. */
export const everyProvider = providers.map((provider) => [provider.scheme.name, provider] as const)

/** A route's authenticator with its bindings and the means to sign for it. */
export interface Mounted {
  provider: AnyProvider
  sample: Sample
  authenticator: WebhookAuthenticator
  env: Env
  /** PKCS #8 in base64, where one signs. */
  privateKey: string | undefined
  /** Signs a body, or the sample, with the current secret. */
  deliver: (options?: Partial<SignOptions>) => Promise<SignedDelivery>
}

export const SECRET_NAME = 'PROVIDER_SECRET'

export async function mount(provider: AnyProvider): Promise<Mounted> {
  const { scheme } = provider
  const { sample } = vectorFileOf(scheme.name)
  const secret = await freshSecret(scheme, sample)
  const authenticator = provider(optionsFor(scheme, sample, SECRET_NAME))
  const env = { ...sample.bindings, ...(secret && { [SECRET_NAME]: secret.text }), ...secret?.bindings }
  return {
    provider,
    sample,
    authenticator,
    env,
    privateKey: secret?.privateKey,
    deliver: (options = {}) =>
      sign(provider, {
        now: NOW,
        body: filledBody(sample, NOW),
        ...(secret && { secret: secret.text }),
        ...(secret?.privateKey !== undefined && { privateKey: secret.privateKey }),
        ...(sample.event !== undefined && { event: sample.event }),
        ...(sample.contentType !== undefined && { contentType: sample.contentType }),
        ...(sample.method !== undefined && { method: sample.method }),
        ...(sample.headers && { headers: sample.headers }),
        ...options,
      }),
  }
}

/** What asks nothing outside of itself needs nothing but its secret. */
const NO_MEANS: Omit<Means, 'env'> = {
  store: {
    recall: () => Promise.reject(new Error('not asked')),
    keep: () => Promise.reject(new Error('not asked')),
    findApiKey: () => Promise.reject(new Error('not asked')),
  },
  background: () => undefined,
  remainingMs: () => 1000,
}

/** A request as it comes in; the body may be bytes. */
export interface Incoming {
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array
}

/** Both halves of an authenticator, as the pipeline runs them. */
export async function authenticate(
  authenticator: WebhookAuthenticator,
  incoming: Incoming,
  env: Env,
  now = NOW,
  means: Partial<Means> = {},
) {
  const inspected = authenticator.inspect(factsOf(incoming, now), env)
  if (!inspected.ok) return inspected
  const body = new Uint8Array(Buffer.from(incoming.body))
  return await inspected.value(body, { ...NO_MEANS, ...means, env })
}

/** `accepted`, or the denial's code and reason. */
export async function verdict(
  authenticator: WebhookAuthenticator,
  incoming: Incoming,
  env: Env,
  now = NOW,
  means: Partial<Means> = {},
): Promise<string> {
  const result = await authenticate(authenticator, incoming, env, now, means)
  return result.ok ? 'accepted' : `${result.denial.code}: ${result.denial.reason}`
}

export function factsOf({ method, url, headers }: Incoming, now: number): Identified {
  const { host, pathname, search, protocol } = new URL(url)
  // The query as it was written: a URL object would spell it anew.
  const query = search === '' ? '' : url.slice(url.indexOf('?'))
  return {
    id: '01TEST',
    request: { method, url } as unknown as Identified['request'],
    headers: new Map(new Headers(headers)),
    now,
    method,
    host,
    scheme: protocol === 'http:' ? 'http' : 'https',
    path: pathname,
    search: query,
    params: {},
    client: { address: undefined, key: undefined, country: undefined, asn: undefined },
  }
}
