import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sample, VectorFile } from '../testing/vector-file.ts'
import type { WebhookAuthenticator } from '../webhooks/index.ts'
import * as entries from '../webhooks/providers/index.ts'
import type { Facts, Scheme } from '../webhooks/scheme.ts'

/** Any provider that the package exports, its options forgotten. */
export interface AnyProvider {
  (options: Readonly<Record<string, unknown>>): WebhookAuthenticator
  readonly scheme: Scheme
}

/** A provider with everything that this repository knows of it. */
export interface Entry {
  name: string
  provider: AnyProvider
  scheme: Scheme
  facts: Facts
  file: VectorFile
}

const folder = join(import.meta.dirname, '../webhooks/providers')
const vectorFolder = join(import.meta.dirname, '../testing/vectors')

const isProvider = (value: unknown): value is AnyProvider => typeof value === 'function' && 'scheme' in value

/** Every provider of the barrel, by name. */
export const providers: readonly AnyProvider[] = Object.values(entries)
  .filter(isProvider)
  .sort((a, b) => (a.scheme.name < b.scheme.name ? -1 : 1))

/** The sample and the vectors of a provider. */
export const vectorFileOf = (name: string): VectorFile =>
  JSON.parse(readFileSync(join(vectorFolder, `${name}.json`), 'utf8')) as VectorFile

/** What a route says about a provider, whose secret has this name. */
export const optionsFor = (
  scheme: Scheme,
  sample: Sample,
  secret: string,
): Readonly<Record<string, unknown>> => ({
  ...(scheme.secretForm !== undefined && { secret }),
  ...(scheme.topicHeader !== undefined && { events: [sample.event] }),
  ...(scheme.proof.covers === 'part' && { unsafeBodyIsNotSigned: true }),
  ...sample.options,
})

/** Every provider with its facts and its vector file. */
export async function readCatalog(): Promise<readonly Entry[]> {
  return Promise.all(
    providers.map(async (provider) => {
      const { name } = provider.scheme
      const { facts } = (await import(join(folder, `${name}.ts`))) as { facts: Facts }
      return { name, provider, scheme: provider.scheme, facts, file: vectorFileOf(name) }
    }),
  )
}

/** Names of the files of entries, for who looks for one that the barrel has not. */
export const entryFiles = (): string[] =>
  readdirSync(folder).flatMap((file) =>
    file.endsWith('.ts') && file !== 'index.ts' ? [file.slice(0, -3)] : [],
  )
