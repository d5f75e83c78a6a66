import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import type { Configuration, Environment } from './configuration.ts'

/** wrangler's types leave this one open. */
interface DurableObjectBinding {
  name: string
  class_name?: string
}

/** A file that cannot be read or loaded; the message names it. */
export class LoadError extends Error {}

/**
 * Reads the project's routes, wrangler.toml (through wrangler's own reader) and .dev.vars.example.
 * Route files stand directly in routes/; a folder below it is a place for what they share.
 * @throws {LoadError} naming the file that fails, with what it says.
 */
export async function loadConfiguration(root: string): Promise<Configuration> {
  return {
    files: await loadRoutes(root),
    index: await defaultExport(root, 'routes/index.ts'),
    secrets: await declaredSecrets(root),
    environments: await environments(root),
  }
}

/**
 * The route files alone, by their names: wrangler's reader takes seconds to load.
 * @throws {LoadError} naming the file that fails, with what it says.
 */
export async function loadRoutes(root: string): Promise<Record<string, unknown>> {
  const ids = (await reading(root, 'routes', readdir(join(root, 'routes'))))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && name !== 'index.ts')
    .map((name) => name.slice(0, -3))
    .sort()
  const files: Record<string, unknown> = {}
  for (const id of ids) files[id] = await defaultExport(root, `routes/${id}.ts`)
  return files
}

async function defaultExport(root: string, file: string): Promise<unknown> {
  const module: { default?: unknown } = await reading(
    root,
    file,
    import(pathToFileURL(join(root, file)).href),
  )
  // The index, which imports it, would be blamed.
  if (!('default' in module)) throw new LoadError(`${file}: has no default export; ${whatToExport(file)}`)
  return module.default
}

const whatToExport = (file: string): string =>
  file === 'routes/index.ts'
    ? 'export an object with every route under its file name'
    : 'export default defineRoute({ … })'

async function declaredSecrets(root: string): Promise<string[]> {
  const file = '.dev.vars.example'
  return Object.keys(parseEnv(await reading(root, file, readFile(join(root, file), 'utf8'))))
}

async function environments(root: string): Promise<Environment[]> {
  const { unstable_readConfig: readConfig } = await import('wrangler')
  const read = (env?: string) => {
    const config = join(root, 'wrangler.toml')
    return readConfig(env === undefined ? { config } : { config, env }, { hideWarnings: true })
  }
  const top = await reading(root, 'wrangler.toml', (async () => read())())
  const names = [undefined, ...(top.definedEnvironments ?? [])]
  return names.map((name): Environment => {
    const config = name === undefined ? top : read(name)
    return {
      name,
      vars: config.vars,
      fetchers: [...(config.services ?? []), ...config.vpc_services, ...config.mtls_certificates].map(
        ({ binding }) => binding,
      ),
      durableObjects: config.durable_objects.bindings.map(
        ({ name: binding, class_name }: DurableObjectBinding) => ({ name: binding, className: class_name }),
      ),
      sqliteClasses: config.migrations.flatMap(({ new_sqlite_classes: classes = [] }) => classes),
    }
  })
}

/** How to come by a file that is missing. */
const REMEDIES: Readonly<Record<string, string>> = {
  routes: 'make the folder, with index.ts and a file for each route',
  'routes/index.ts': 'write it, with every route under its file name in its default export',
  '.dev.vars.example': "write it, with a line 'NAME=' for PROOF_KEY and for each secret that a route names",
  'wrangler.toml': 'write it; the one in the repository is a start',
}

async function reading<T>(root: string, file: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!existsSync(join(root, file)))
      throw new LoadError(`${file}: is missing; ${REMEDIES[file] ?? 'write it'}`)
    const said = (error instanceof Error ? error.message.trim() : String(error)).replaceAll(`${root}/`, '')
    throw new LoadError(said.startsWith(file) ? said : `${file}: ${said}`)
  }
}
