import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { providers } from '../dev/catalog.ts'
import type { Routes } from '../gateway.ts'
import { notOneOf, optionOf, readArguments, UsageError } from './arguments.ts'
import { LoadError, loadConfiguration } from './load.ts'
import { sendAll } from './send/all.ts'
import { FAULTS, type Fault } from './send/faults.ts'
import { makeDelivery, materialOf, readVars, secretNameOf } from './send/material.ts'
import { type Answer, post } from './send/post.ts'

const USAGE = `npm run send -- <provider> [options]      one delivery, signed as the provider does
npm run send -- --all                     every provider with every fault, against npm start

  --tampered | --expired | --future | --replayed | --wrong-secret   what is wrong with it (default: nothing)
  --route URL               where to (default http://127.0.0.1:PORT/webhooks/<provider>, PORT 8787)
  --event file.json         the body (default: a sample of the provider's)
  --secret-from-env NAME    the environment variable that holds the secret (default: .dev.vars)`

const VALUED = ['route', 'event', 'secret-from-env']
/** Characters of a body that are printed. */
const MAX_SHOWN = 1500

export interface SendCommand {
  provider: string | undefined
  fault: Fault
  route: string | undefined
  event: string | undefined
  secretFromEnv: string | undefined
}

/** The command that a command line means; without a provider it is for all of them. */
export function readSend(args: readonly string[]): SendCommand {
  const flags = args.filter((arg) => FAULTS.some((fault) => arg === `--${fault}`))
  const isAll = args.includes('--all')
  const rest = args.filter((arg) => !flags.includes(arg) && arg !== '--all')
  const read = readArguments(rest, VALUED)
  const [provider, ...more] = read.words
  if (flags.length > 1) throw new UsageError(`${flags.join(' and ')} are two faults; send them one by one`)
  if (more.length > 0) throw new UsageError(`'${more[0]}' is a word too many; name one provider`)
  if (isAll && (provider !== undefined || rest.length > 0 || flags.length > 0)) {
    throw new UsageError('--all stands alone: it sends every provider with every fault')
  }
  const names = providers.map(({ scheme }) => scheme.name)
  if (!isAll && !names.includes(provider ?? '')) throw new UsageError(notOneOf(provider, names, 'provider'))
  const route = optionOf(read, 'route')
  if (route !== undefined && !/^https?:\/\//.test(route))
    throw new UsageError(`--route: '${route}' is no http or https URL`)
  const fault = FAULTS.find((name) => flags[0] === `--${name}`) ?? 'valid'
  return {
    provider,
    fault,
    route,
    event: optionOf(read, 'event'),
    secretFromEnv: optionOf(read, 'secret-from-env'),
  }
}

const atPort = (name: string, usual: number) => `http://127.0.0.1:${process.env[name] || usual}`
const urlOf = (name: string) => `${atPort('PORT', 8787)}/webhooks/${name}`

async function run(command: SendCommand, print: (line: string) => void): Promise<number> {
  const root = process.cwd()
  const routes = (await loadConfiguration(root)).files as Routes
  if (command.provider === undefined) {
    const vars = await readVars(root)
    const materials = providers.map((provider) => materialOf(provider, secretNameOf(provider, routes), vars))
    const surprises = await sendAll(materials, urlOf, atPort('ORIGIN_PORT', 8788), print)
    for (const surprise of surprises) print(`surprise: ${surprise}`)
    print(
      `${providers.length} providers, ${surprises.length === 0 ? 'no surprise' : `${surprises.length} surprises`}`,
    )
    return surprises.length === 0 ? 0 : 1
  }
  return sendOne(command, routes, root, print)
}

async function sendOne(
  { provider: name, fault, route, event, secretFromEnv }: SendCommand,
  routes: Routes,
  root: string,
  print: (line: string) => void,
): Promise<number> {
  const provider = providers.find(({ scheme }) => scheme.name === name)
  if (!provider) throw new UsageError(`'${name}' is no provider`)
  const secretName = secretNameOf(provider, routes)
  const vars =
    secretFromEnv === undefined
      ? await readVars(root)
      : { ...process.env, [secretName]: process.env[secretFromEnv] }
  const material = materialOf(provider, secretName, vars)
  const body = event === undefined ? undefined : await readEvent(event)
  const delivery = await makeDelivery(material, fault, {
    url: route ?? urlOf(provider.scheme.name),
    body,
    now: Date.now(),
  })
  const hidden = (text: string) => (material.secret ? text.replaceAll(material.secret, '<the secret>') : text)
  print(`${delivery.method} ${delivery.url}`)
  for (const [header, value] of Object.entries(delivery.headers)) {
    // A shared token is the secret itself, in whatever spelling.
    const isToken = provider.scheme.proof.kind === 'token' && header !== 'content-type'
    print(`  ${header}: ${isToken ? '<the secret>' : hidden(value)}`)
  }
  print(`  ${cut(hidden(delivery.body))}`)
  if (fault === 'replayed') tell('first', await post(delivery), print)
  tell(fault === 'replayed' ? 'second' : 'answer', await post(delivery), print)
  return 0
}

function tell(
  which: string,
  { status, decision, code, id, body, headers }: Answer,
  print: (line: string) => void,
): void {
  const duplicateOf = headers.get('sallyport-duplicate-of')
  const why = code ?? (duplicateOf === null ? undefined : `of ${duplicateOf}`)
  print(
    `${which}: ${status} ${decision}${why === undefined ? '' : ` ${why}`}  id ${id ?? 'none: this is no gateway'}`,
  )
  if (body !== '') print(`  ${cut(body)}`)
}

const cut = (text: string): string =>
  text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)`

async function readEvent(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw new UsageError(`--event: ${file} cannot be read`)
  }
}

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  if (args.length === 0 || args.includes('--help')) {
    console.log(`${USAGE}\n\nproviders: ${providers.map(({ scheme }) => scheme.name).join(' ')}`)
    return
  }
  try {
    process.exitCode = await run(readSend(args), console.log)
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof LoadError)) throw error
    console.error(`sallyport send: ${error.message}`)
    process.exitCode = 1
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
