import { secretOf } from '../contract.ts'
import { createGateway, type Routes } from '../gateway.ts'
import type { Route } from '../route.ts'
import { compileSettings, type GatewayOptions, type Settings } from '../settings.ts'
import { PROOF_KEY } from '../stages/forward/proof.ts'
import { findInCredentials } from './credentials.ts'
import { nearest } from './nearest.ts'
import { findInState, findSharedNamespace, TOKEN } from './state.ts'

/** Everything that the check looks at, as plain data. */
export interface Configuration {
  /** Default exports of the files in routes/, by file name without `.ts`; `index` and `env.d` are not among them. */
  files: Readonly<Record<string, unknown>>
  /** The default export of routes/index.ts. */
  index: unknown
  /** Names in .dev.vars.example. */
  secrets: readonly string[]
  environments: readonly Environment[]
}

/** One environment of wrangler.toml. */
export interface Environment {
  /** Undefined for the top level. */
  name: string | undefined
  vars: Readonly<Record<string, unknown>>
  /** Names of service, VPC and mTLS bindings: the ones with `fetch`. */
  fetchers: readonly string[]
  durableObjects: readonly { name: string; className: string | undefined }[]
  /** Classes of all migrations' `new_sqlite_classes`. */
  sqliteClasses: readonly string[]
}

/** A line that sums up a sound configuration, or the one message that says what to mend. */
export type Verdict = { ok: true; summary: string } | { ok: false; message: string }

const LOOPBACK = /^(localhost|127\.[0-9.]+|\[::1\])$/
const SECRETS_FILE = '.dev.vars.example'

/** The backends that src/worker.ts wires; here they only stand for their names, nothing is asked of them. */
const unasked = () => Promise.reject(new Error('the check asks nothing of shared state'))
const unaskedState = () => ({
  admit: unasked,
  settle: unasked,
  giveBack: unasked,
  knowsBlocked: () => false,
  recall: unasked,
  keep: unasked,
  findApiKey: unasked,
})
const backends: GatewayOptions['state'] = { 'durable-object': unaskedState, upstash: unaskedState }

/** Checks the configuration and says the first thing that is wrong with it: file, route, option and the fix. */
export function checkConfiguration(configuration: Configuration): Verdict {
  const problem = findProblem(configuration)
  if (problem !== undefined) return { ok: false, message: problem }
  const routes = Object.values(configuration.files) as Route[]
  const named = new Set(routes.flatMap((route) => [...route.authenticate.secrets]))
  const states = new Set(configuration.environments.map(({ vars }) => vars.STATE))
  const summary = `${counted(routes.length, 'route')}, ${counted(named.size, 'secret')} declared, state ${[...states].join(' and ')}`
  return { ok: true, summary }
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`

function findProblem({ files, index, secrets, environments }: Configuration): string | undefined {
  const unlisted = findUnlisted(files, index)
  if (unlisted !== undefined) return unlisted
  const routes = files as Routes
  try {
    createGateway(routes, { state: backends })
  } catch (error) {
    return messageOf(error)
  }
  return (
    findUngreeted(routes) ??
    findInSecrets(routes, secrets) ??
    first(environments, (environment) => findInEnvironment(environment, routes, secrets)) ??
    findSharedNamespace(environments)
  )
}

function findUnlisted(files: Configuration['files'], index: unknown): string | undefined {
  const listed = typeof index === 'object' && index !== null ? (index as Record<string, unknown>) : undefined
  if (!listed)
    return 'routes/index.ts: has no default export; export an object with every route under its file name'
  const unlisted = first(Object.entries(files), ([id, route]) => {
    const file = `routes/${id}.ts`
    if (!isRoute(route))
      return `${file}: its default export is not a route; export default defineRoute({ … })`
    if (listed[id] === route) return undefined
    const other = Object.keys(listed).find((name) => listed[name] === route)
    return other === undefined
      ? `${file}: is not in routes/index.ts, so nobody serves it; add '${id}' there, or delete the file`
      : `${file}: is listed in routes/index.ts as '${other}'; list it as '${id}', the name of its file`
  })
  const missing = Object.keys(listed).find((name) => !Object.hasOwn(files, name))
  return (
    unlisted ??
    (missing && `routes/index.ts: '${missing}' has no file; move its route to routes/${missing}.ts`)
  )
}

function isRoute(value: unknown): value is Route {
  return typeof value === 'object' && value !== null && 'methods' in value && 'authenticate' in value
}

/** A provider that tries the URL with a GET or HEAD would meet a 405, and would never register it. */
function findUngreeted(routes: Routes): string | undefined {
  return first(Object.entries(routes), ([id, { authenticate, methods, path }]) => {
    const { greets, name } = authenticate
    if (!greets || greets.method === 'POST') return undefined
    const { method, path: place = path } = greets
    const asked = Object.values(routes).some(
      (route) => route.authenticate.name === name && route.path === place && route.methods.includes(method),
    )
    if (asked) return undefined
    const before = `routes/${id}.ts: method: has no ${method}, with which ${name} tries the URL before it sends anything`
    return place === path
      ? `${before}; write method: ['${[...methods, method].join("', '")}']`
      : `${before}; add a route with method: '${method}' and path: '${place}', and the same authenticate`
  })
}

function findInSecrets(routes: Routes, secrets: readonly string[]): string | undefined {
  const fault = first(Object.entries(routes), ([id, { authenticate }]) =>
    first(authenticate.secrets, (name) => {
      const where = `routes/${id}.ts: authenticate: secret ${name}`
      if (name === PROOF_KEY) return `${where} signs the proof for the origin; give the sender one of its own`
      if (secrets.includes(name)) return undefined
      const meant = nearest(name, secrets)
      const otherwise = `add the line '${name}=' to ${SECRETS_FILE}`
      return `${where} is not declared; ${meant === undefined ? otherwise : `did you mean ${meant}? If not, ${otherwise}`}`
    }),
  )
  if (fault !== undefined || secrets.includes(PROOF_KEY)) return fault
  return `${SECRETS_FILE}: ${PROOF_KEY} is not declared; add the line '${PROOF_KEY}=', it signs the proof for the origin`
}

function findInEnvironment(
  environment: Environment,
  routes: Routes,
  secrets: readonly string[],
): string | undefined {
  const where =
    environment.name === undefined ? 'wrangler.toml: ' : `wrangler.toml: [env.${environment.name}]: `
  const settings = settingsOf(environment)
  const problem =
    findExposedSecret(environment, routes, secrets) ??
    (typeof settings === 'string' ? settings : findInState(environment, secrets))
  if (typeof settings === 'string' || problem !== undefined) return `${where}${problem}`
  const inCredentials = findInCredentials(routes, environment, secrets)
  if (inCredentials !== undefined) return `${inCredentials} (${where.slice(0, -2)})`
  return first(Object.entries(routes), ([id, route]) => {
    const fault =
      findInDestination(route.forward.to, environment, secrets) ??
      findLoop(route.forward.to, environment, settings)
    return fault && `routes/${id}.ts: forward.to: ${fault} (${where.slice(0, -2)})`
  })
}

function findExposedSecret({ vars }: Environment, routes: Routes, secrets: readonly string[]) {
  const named = Object.values(routes).flatMap(({ authenticate }) => authenticate.secrets)
  const all = [PROOF_KEY, TOKEN, ...secrets, ...named].flatMap((name) => [name, `${name}_NEXT`])
  const exposed = all.find((name) => Object.hasOwn(vars, name))
  return (
    exposed &&
    `vars: ${exposed} is a secret; delete it there, set it with wrangler secret put ${exposed}, and replace its value`
  )
}

/** What the Worker will make of the vars, or what it will say against them. */
function settingsOf({ vars }: Environment): Settings | string {
  try {
    return compileSettings({ state: backends })(vars)
  } catch (error) {
    return messageOf(error)
  }
}

/** What the forward stage will accept as a destination, said before anything is deployed. */
function findInDestination(
  to: string,
  { vars, fetchers }: Environment,
  secrets: readonly string[],
): string | undefined {
  if (secrets.includes(to)) return `${to} is a secret; name a var with the origin's URL, or a binding`
  if (fetchers.includes(to)) return undefined
  const text = secretOf(vars, to)
  if (text === undefined) return `${to} is neither a var nor a service, VPC or mTLS binding; declare it`
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    return `var ${to} is not an http(s) URL; write the origin's, 'https://origin.example.com'`
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    return `var ${to} has a query, fragment or user name; write scheme, host and path only`
  }
  return undefined
}

/**
 * On this machine, a request that comes back to the gateway goes round until something gives way. On Cloudflare a Worker on
 * a zone's route reaches the origin under the public host: that is how most stand before one.
 */
function findLoop(to: string, { vars, fetchers }: Environment, { hosts }: Settings): string | undefined {
  const url = fetchers.includes(to) ? null : URL.parse(secretOf(vars, to) ?? '')
  if (url === null || !hosts.has(url.host) || !LOOPBACK.test(url.hostname)) return undefined
  return `var ${to} leads back to the gateway: ${url.host} is one of PUBLIC_HOSTS; write the origin's own host`
}

function first<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
