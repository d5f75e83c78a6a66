import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import type { Routes } from '../gateway.ts'
import { fixedKeys, type KeySource } from '../keys/index.ts'
import { type Arguments, momentOf, notOneOf, optionOf, readArguments, UsageError } from './arguments.ts'
import { runCommandLine } from './control.ts'
import { explainToken } from './explain-token.ts'
import { findRoute } from './find-route.ts'
import { LoadError, loadConfiguration } from './load.ts'
import { summaryOf, tableOf } from './token-table.ts'

const USAGE = `npm run token -- explain <token> --route <route> [options]

  <token>        the access token; - reads it from standard input
  --route WHAT   'GET /orders/1', or a file of routes/: orders, routes/orders.ts; the rule of a route with
                 parameters is checked with a real path only
  --at TIME      when it is looked at: 2026-12-31T12:00:00Z or Unix seconds (default now)
  --jwks FILE    a JSON file with the issuer's key set; without it the signature is not checked
  --env NAME     whose vars are read, of wrangler.toml (default the top level)

Looks at the token as the route would, on this machine alone: nothing is sent anywhere, not even for keys.
Ends with 0 when no check has failed, 1 when one has, 2 when it was not understood.`

const OPTIONS = ['route', 'at', 'jwks', 'env']

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
  const { index, environments } = await loadConfiguration(process.cwd()).catch((error: unknown) => {
    throw error instanceof LoadError ? new UsageError(error.message) : error
  })
  const environment = optionOf(args, 'env')
  const found = environments.find(({ name }) => name === environment)
  if (found === undefined) throw new UsageError(`--env: wrangler.toml has no environment ${environment}`)
  const { id, route, method, params } = findRoute(index as Routes, named)
  const explanation = await explainToken({ token, route, method, params, vars: found.vars, now, keysOf })
  console.log(`routes/${id}.ts, at ${new Date(now).toISOString()}\n\n${tableOf(explanation)}\n`)
  console.log(summaryOf(explanation))
  process.exitCode = explanation.rows.some(({ result }) => result === 'fail') ? 1 : 0
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runCommandLine('token', USAGE, main)
}
