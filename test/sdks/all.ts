import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Adapter } from './adapter.ts'

const names = readdirSync(join(import.meta.dirname, 'adapters/')).map((file) => file.slice(0, -'.ts'.length))

/** Every entry of every file in `adapters/`. */
export const adapters: readonly Adapter[] = (
  await Promise.all(
    names.map(async (name): Promise<Adapter | Adapter[]> => (await import(`./adapters/${name}.ts`)).default),
  )
).flat()

/** Each adapter once for each of its providers, under the name of both. */
export const entries: readonly (readonly [name: string, provider: string, adapter: Adapter])[] =
  adapters.flatMap((adapter) =>
    adapter.providers.map((provider) => [`${adapter.package}: ${provider}`, provider, adapter] as const),
  )

/** The packages that package.json asks for. */
export const packages: readonly string[] = Object.keys(
  JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')).dependencies,
)
