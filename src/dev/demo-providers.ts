import type { Routes } from '../gateway.ts'
import { freshSecret } from '../testing/fresh-secret.ts'
import type { Sample } from '../testing/vector-file.ts'
import type { Scheme } from '../webhooks/scheme.ts'
import { optionsFor, providers, vectorFileOf } from './catalog.ts'
import { TourRoutes } from './tour-routes.ts'

/** A provider that the playground mounts at a path of its own, beside the project's routes. */
export interface DemoProvider {
  name: string
  path: string
  methods: readonly string[]
  /** What its route says to `authenticate`. */
  options: Readonly<Record<string, unknown>>
  /** The signature covers the URL, whose query may then be part of it. */
  hasQuery: boolean
  /** A schema can read the body. */
  hasSchema: boolean
  /** Names of the secrets that it needs. */
  secrets: readonly string[]
}

/** The name of a provider's secret in the playground; its private key, where one signs, is the same with `_PRIVATE_KEY`. */
export const demoSecretName = (name: string): string =>
  `${name.toUpperCase().replaceAll('-', '_')}_WEBHOOK_SECRET`

export const privateKeyName = (secretName: string): string => `${secretName}_PRIVATE_KEY`

/** Every provider that no route of the project has the place of. */
export function demoProviders(routes: Routes): DemoProvider[] {
  const own = new TourRoutes(routes, new Set())
  return providers.flatMap((provider) => {
    const { scheme } = provider
    const { name } = scheme
    const path = `/webhooks/${name}`
    if (Object.hasOwn(routes, name) || own.find('POST', path) !== undefined) return []
    const { sample } = vectorFileOf(name)
    const options = demoOptions(scheme, sample)
    return [
      {
        name,
        path,
        methods: scheme.greeting ? ['GET', 'HEAD', 'POST'] : [sample.method ?? 'POST'],
        options,
        hasQuery: scheme.proof.signsUrl === true,
        hasSchema: sample.schema !== false,
        secrets: provider(options).secrets,
      },
    ]
  })
}

/** What a route of the playground says about a provider. */
export const demoOptions = (scheme: Scheme, sample: Sample): Readonly<Record<string, unknown>> =>
  optionsFor(scheme, sample, demoSecretName(scheme.name))

/** Random secrets for providers, and what their options name beside them. */
export async function demoSecrets(demo: readonly DemoProvider[]): Promise<Record<string, string>> {
  const values: Record<string, string> = {}
  for (const { name } of demo) {
    const scheme = providers.find((provider) => provider.scheme.name === name)?.scheme
    if (!scheme) continue
    const { sample } = vectorFileOf(name)
    const secretName = demoSecretName(name)
    const fresh = await freshSecret(scheme, sample)
    if (fresh?.text) values[secretName] = fresh.text
    if (fresh?.privateKey) values[privateKeyName(secretName)] = fresh.privateKey
    Object.assign(values, sample.bindings, fresh?.bindings)
  }
  return values
}
