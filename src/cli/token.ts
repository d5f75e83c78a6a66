import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import type { Routes } from '../gateway.ts'
import { fixedKeys, type KeySource } from '../keys/index.ts'
import { compilePattern, contains } from '../pattern.ts'
import type { Route } from '../route.ts'
import { type Arguments, momentOf, notOneOf, optionOf, readArguments, UsageError } from './arguments.ts'
import { runCommandLine } from './control.ts'
import { type Explanation, explainToken, type Row } from './explain-token.ts'
import { loadConfiguration } from './load.ts'

const USAGE = `npm run token -- explain <token> --route <route> [options]

  <token>        the access token; - reads it from standard input
  --route WHAT   'GET /orders/1', or a file of routes/: orders, routes/orders.ts
  --at TIME      when it is looked at: 2026-12-31T12:00:00Z or Unix seconds (default now)
  --jwks FILE    a JSON file with the issuer's key set; without it the signature is not checked
  --env NAME     whose vars are read, of wrangler.toml (default the top level)

Looks at the token as the route would, on this machine alone: nothing is sent anywhere, not even for keys.
Ends with 0 when no check has failed, 1 when one has, 2 when it was not understood.`

const OPTIONS = ['route', 'at', 'jwks', 'env']

/** The route that a text names, by its file or by method and path, with the parameters of that path. */
export function findRoute(
  routes: Routes,
  named: string,
): { id: string; route: Route; method: string; params: Record<string, string> | undefined } {
  const [, method = '', path = ''] = /^([A-Z]+) (\/.*)$/.exec(named) ?? []
  if (path === '') {
    const id = named.replace(/^(?:\.\/)?routes\//, '').replace(/\.ts$/, '')
    const route = Object.hasOwn(routes, id) ? routes[id] : undefined
    if (route === undefined) throw new UsageError(`--route: ${notOneOf(named, Object.keys(routes), 'route')}`)
    return { id, route, method: route.methods[0] ?? 'GET', params: undefined }
  }
  const asked = path.replace(/[?#].*$/, '')
  for (const [id, route] of Object.entries(routes)) {
    if (!route.methods.includes(method)) continue
    if (route.path === asked) return { id, route, method, params: asked.includes(':') ? undefined : {} }
    const params = paramsOf(route.path, asked)
    if (params !== undefined) return { id, route, method, params }
  }
  throw new UsageError(`--route: no route takes ${method} ${asked}`)
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  try {
    if (!contains(compilePattern(pattern), compilePattern(path))) return undefined
  } catch {
    throw new UsageError(`--route: '${path}' is no path that a route could have`)
  }
  const parts = path.split('/')
  const named = pattern.split('/').map((part, i) => [part, parts[i] ?? ''] as const)
  return Object.fromEntries(
    named.filter(([part]) => part.startsWith(':')).map(([part, value]) => [part.slice(1), value]),
  )
}

/** Milliseconds since the epoch of `--at`. */
export function timeOf(at: string | undefined, now: number): number {
  if (at === undefined) return now
  return /^[0-9]{1,11}$/.test(at) ? Number(at) * 1000 : momentOf(at, '--at', now)
}

/** The keys of a file, once the algorithms of a route are known. */
async function keysIn(file: string): Promise<(algorithms: readonly string[]) => KeySource> {
  let set: unknown
  try {
    set = JSON.parse(await readFile(file, 'utf8'))
  } catch {
    throw new UsageError(`--jwks: ${file} cannot be read as JSON`)
  }
  return (algorithms) => {
    try {
      return fixedKeys({ set: set as object, algorithms })
    } catch (error) {
      throw new UsageError(`--jwks: ${file}: ${error instanceof Error ? error.message : 'has no keys'}`)
    }
  }
}

/** The table that people read: no part of the token but what its claims are called. */
export function tableOf({ rows, principal, revocable }: Explanation): string {
  const width = Math.max(...rows.map(({ check }) => check.length))
  const line = ({ check, result, why }: Row) =>
    `  ${check.padEnd(width)}  ${result.padEnd(11)}  ${why}`.trimEnd()
  const told = rows.map(line)
  if (principal !== undefined) {
    told.push('', `  subject  ${principal.id}`, `  client   ${principal.clientId ?? 'not named'}`)
    told.push(
      `  scopes   ${principal.scopes.join(' ') || 'none'}`,
      `  roles    ${principal.roles.join(' ') || 'none'}`,
    )
    told.push('', '  can be revoked by', ...revocable.map((name) => `    ${name}`))
  }
  return told.map(printable).join('\n')
}

/** Texts of a token are a stranger's: what would steer a terminal is shown, not sent to it. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced.
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd')

async function tokenOf({ words }: Arguments): Promise<string> {
  const [command, word, ...rest] = words
  if (command !== 'explain') throw new UsageError(notOneOf(command, ['explain'], 'command'))
  if (word === undefined || rest.length > 0) throw new UsageError('write one token behind explain, or -')
  const token = word === '-' ? (await text(process.stdin)).trim() : word
  return token.replace(/^Bearer /i, '')
}

async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2), OPTIONS)
  const token = await tokenOf(args)
  const named = optionOf(args, 'route')
  if (named === undefined) throw new UsageError('--route is missing: what a token is worth, a route decides')
  const now = timeOf(optionOf(args, 'at'), Date.now())
  const file = optionOf(args, 'jwks')
  const keysOf = file === undefined ? undefined : await keysIn(file)
  const { index, environments } = await loadConfiguration(process.cwd())
  const environment = optionOf(args, 'env')
  const found = environments.find(({ name }) => name === environment)
  if (found === undefined) throw new UsageError(`--env: wrangler.toml has no environment ${environment}`)
  const { id, route, method, params } = findRoute(index as Routes, named)
  const explanation = await explainToken({ token, route, method, params, vars: found.vars, now, keysOf })
  const failed = explanation.rows.filter(({ result }) => result === 'fail').length
  console.log(`routes/${id}.ts, at ${new Date(now).toISOString()}\n\n${tableOf(explanation)}\n`)
  console.log(failed === 0 ? 'No check failed.' : `${failed} failed.`)
  process.exitCode = failed === 0 ? 0 : 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runCommandLine('token', USAGE, main)
}
