import { credentialsOf } from '../state/upstash/connection.ts'
import { namespaceOf } from '../state/upstash/namespace.ts'
import type { Environment } from './configuration.ts'

const BINDING = 'SALLYPORT_STATE'
const CLASS = 'SallyportState'
export const TOKEN = 'UPSTASH_REDIS_REST_TOKEN'
const URL_NAME = 'UPSTASH_REDIS_REST_URL'

/** What the chosen backend will miss in an environment, said before anything is deployed. */
export function findInState(environment: Environment, secrets: readonly string[]): string | undefined {
  if (environment.vars.STATE === 'upstash') return findInUpstash(environment, secrets)
  return findInDurableObject(environment)
}

/** Two environments of one project may well share a database: their names keep them apart. */
export function findSharedNamespace(environments: readonly Environment[]): string | undefined {
  const seen = new Map<unknown, string>()
  for (const { name, vars } of environments) {
    if (vars.STATE !== 'upstash') continue
    const here = name === undefined ? 'the top level' : `[env.${name}]`
    const other = seen.get(vars.STATE_NAMESPACE)
    if (other !== undefined) {
      return `wrangler.toml: ${here}: vars: STATE_NAMESPACE is '${String(vars.STATE_NAMESPACE)}' as in ${other}; on one database they would share counts and claims: give each its own`
    }
    seen.set(vars.STATE_NAMESPACE, here)
  }
  return undefined
}

function findInUpstash({ name, vars }: Environment, secrets: readonly string[]): string | undefined {
  try {
    namespaceOf(vars)
    if (vars[URL_NAME] === undefined && !secrets.includes(URL_NAME)) {
      const why = name === undefined ? '' : ': an environment inherits no vars'
      return `vars: ${URL_NAME} is missing; add ${URL_NAME} = "https://….upstash.io", the database's REST URL${why}`
    }
    // Whoever keeps the address as a secret declares it as one; only what stands here can be looked at.
    if (vars[URL_NAME] !== undefined) credentialsOf({ [URL_NAME]: vars[URL_NAME], [TOKEN]: 'unknown' })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return undefined
}

function findInDurableObject({ durableObjects, sqliteClasses }: Environment): string | undefined {
  const bound = durableObjects.find(({ name }) => name === BINDING)
  if (!bound) {
    return `durable_objects.bindings: ${BINDING} is missing; add { name = "${BINDING}", class_name = "${CLASS}" } for STATE = "durable-object"`
  }
  if (bound.className !== CLASS) {
    return `durable_objects.bindings: ${BINDING} has the class ${bound.className}; write class_name = "${CLASS}"`
  }
  if (sqliteClasses.includes(CLASS)) return undefined
  return `migrations: none creates ${CLASS} with SQLite; add [[migrations]] with new_sqlite_classes = ["${CLASS}"]`
}
