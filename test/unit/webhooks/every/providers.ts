import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Means } from '../../../../src/authenticator.ts'
import type { Env, Identified } from '../../../../src/contract.ts'
import { freshSecret } from '../../../../src/testing/fresh-secret.ts'
import { type SignedDelivery, type SignOptions, sign } from '../../../../src/testing/index.ts'
import { filledBody } from '../../../../src/testing/sample.ts'
import type { Sample, VectorFile } from '../../../../src/testing/vector-file.ts'
import type { WebhookAuthenticator } from '../../../../src/webhooks/index.ts'
import * as webhooks from '../../../../src/webhooks/index.ts'
import type { Scheme } from '../../../../src/webhooks/scheme.ts'

/** Milliseconds at which the clock of these tests stands. */
export const NOW = 1_800_000_000_000

const vectorFolder = resolve(import.meta.dirname, '../../../../src/testing/vectors')

/** Any provider of the barrel, its options forgotten. */
export interface AnyProvider {
  (options: Record<string, unknown>): WebhookAuthenticator
  readonly scheme: Scheme
}

const isProvider = (value: unknown): value is AnyProvider => typeof value === 'function' && 'scheme' in value

/** Every provider that the package exports, by its name: `SALLYPORT_ONLY=mux,svix` takes some. */
export const everyProvider: readonly (readonly [string, AnyProvider])[] = Object.values(webhooks)
  .filter(isProvider)
  .map((provider) => [provider.scheme.name, provider] as const)
  .filter(([name]) => process.env.SALLYPORT_ONLY?.split(',').includes(name) ?? true)

export function vectorFileOf(name: string): VectorFile {
  const path = join(vectorFolder, `${name}.json`)
  if (!existsSync(path)) throw new Error(`${name}: there is no src/testing/vectors/${name}.json`)
  return JSON.parse(readFileSync(path, 'utf8')) as VectorFile
}

/** A route's authenticator with its bindings and the means to sign for it. */
export interface Mounted {
  provider: AnyProvider
  sample: Sample
  authenticator: WebhookAuthenticator
  env: Env
  /** Signs a body, or the sample, with the current secret. */
  deliver: (options?: Partial<SignOptions>) => Promise<SignedDelivery>
}

export const SECRET_NAME = 'PROVIDER_SECRET'

export async function mount(provider: AnyProvider): Promise<Mounted> {
  const { scheme } = provider
  const { sample } = vectorFileOf(scheme.name)
  const secret = await freshSecret(scheme, sample)
  const authenticator = provider({
    ...(scheme.secretForm !== undefined && { secret: SECRET_NAME }),
    ...(scheme.topicHeader !== undefined && { events: [sample.event ?? ''] }),
    ...(scheme.proof.covers === 'part' && { unsafeBodyIsNotSigned: true }),
    ...sample.options,
  })
  const env = { ...sample.bindings, ...(secret && { [SECRET_NAME]: secret.text }), ...secret?.bindings }
  return {
    provider,
    sample,
    authenticator,
    env,
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
    request: { method, url, headers: new Headers(headers) } as unknown as Identified['request'],
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
