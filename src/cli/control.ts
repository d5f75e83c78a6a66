import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { type Answer, type Command, isWord, type Word } from '../control/commands.ts'
import { signCommand } from '../control/proof.ts'
import { utf8 } from '../lib/digest.ts'
import { importSigningKey, type SigningKey } from '../origin/keys.ts'
import { type Arguments, optionOf, UsageError } from './arguments.ts'

/** A command that was not carried out; the message says why and what to do. */
export class Refused extends Error {}

/** Where commands go, and what they are signed with. */
export interface Target {
  url: URL
  key: SigningKey
}

/** Options of every command line that sends commands. */
export const TARGET_OPTIONS = ['url'] as const
const PATH = '/_sallyport/control'
const KEY = 'CONTROL_KEY'
const VARS = '.dev.vars'
const TIMEOUT_MS = 30_000
const LOOPBACK = /^(localhost|127\.[0-9.]+|\[::1\])$/
const MAX_TRIES = 5
const HELP = /^(--help|-h)$/
/** Milliseconds that a refusal by the endpoint's own limit may ask to wait. */
const LONGEST_WAIT_MS = 65_000

/** Reads `--url` or SALLYPORT_URL, and the key out of CONTROL_KEY or `.dev.vars`. */
export async function readTarget(args: Arguments): Promise<Target> {
  const text = optionOf(args, 'url') ?? process.env.SALLYPORT_URL
  if (!text) throw new UsageError('where is the gateway? give --url https://…, or set SALLYPORT_URL')
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || `${url.search}${url.hash}${url.username}` !== '')
    throw new UsageError(`--url: '${text}' is no URL of a gateway; write https://api.example.com`)
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw new UsageError('--url: must be https: anybody on the way could read commands')
  if (url.pathname === '/') url.pathname = PATH
  const secret = await readSecret(KEY)
  try {
    return { url, key: await importSigningKey(secret) }
  } catch (error) {
    // The message of the import holds no part of the key; it is of the key for origins, which is not meant here.
    const message = error instanceof Error ? error.message : 'cannot be read'
    throw new UsageError(`${KEY}: ${message.replace(/^origin signing key: /, '')}`)
  }
}

/** A secret out of the environment, else out of `.dev.vars`. */
export async function readSecret(name: string): Promise<string> {
  const vars = process.env[name] ? {} : parseEnv(await readFile(VARS, 'utf8').catch(() => ''))
  const value = process.env[name] || vars[name]
  if (!value) throw new UsageError(`${name} is not set; put it into the environment or into ${VARS}`)
  return value
}

/** What to write for each word of a command. */
const FORMS: Readonly<Record<Word, string>> = {
  part: 'what the tokens have: 1 to 500 characters, without line breaks',
  id: "the id of a key: 1 to 64 letters, digits, '.', '_' and '-'",
  certificate: 'its SHA-256: 64 hex digits, with or without colons',
  client: 'one IP address and no range: 192.0.2.1 or 2001:db8::1',
  reason: 'at most 200 characters, without line breaks',
}

/** Refuses a word that every gateway would refuse; `name` is what people know it by. */
export function checkWord(word: Word, text: string, name: string, written = text): void {
  if (isWord(word, text)) return
  const said = /^[^\p{Cc}]{1,80}$/u.test(written)
    ? `'${written}'`
    : `a text of ${[...written].length} characters`
  throw new UsageError(`${name}: ${said} is none; write ${FORMS[word]}`)
}

/** Signs a command and sends it. */
export async function sendCommand<Name extends Command['command']>(
  target: Target,
  command: Extract<Command, { command: Name }>,
): Promise<Extract<Answer, { done: Name }>> {
  for (let tries = 1; ; tries++) {
    const answer = await post(target, command)
    const value = parsed(await answer.text())
    if (answer.status === 200 && value?.done === command.command) return value as never
    const waitMs = Number(answer.headers.get('retry-after')) * 1000
    if (answer.status !== 429 || tries === MAX_TRIES || !(waitMs > 0 && waitMs <= LONGEST_WAIT_MS))
      throw new Refused(explain(answer.status, value))
    console.error(`the gateway takes no more commands for ${waitMs / 1000} s; waiting`)
    await new Promise((done) => setTimeout(done, waitMs))
  }
}

async function post({ url, key }: Target, command: Command): Promise<Response> {
  const body = utf8(JSON.stringify(command))
  const headers = await signCommand(key, { url, body, created: Math.floor(Date.now() / 1000) })
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    return await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
  } catch {
    throw new Refused(`${url.host} cannot be reached; it is not known whether the command was carried out`)
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** What each refusal is likely to mean for whoever sent a command. */
const HINTS: Readonly<Record<string, string>> = {
  signature_missing: 'something on the way drops the headers Signature and Signature-Input',
  signature_refused: `is ${KEY} the one that the gateway has, and is this machine's clock right?`,
  host_not_served: 'the host is not in PUBLIC_HOSTS',
  route_not_found: 'no control endpoint is there; is the option control set, and the path the same?',
  method_not_allowed: 'no control endpoint is there; is the option control set, and the path the same?',
  not_configured: `is the secret ${KEY} set? The gateway's record says what is missing`,
  input_invalid: "the gateway's record says what is wrong with it; is the gateway of the same version?",
  state_unavailable: "try again; the gateway's record says what is wrong",
  client_denied: "this address is not in the gateway's lists",
}

/** The gateway's own words, where they are those of a problem document. */
function explain(status: number, value: Record<string, unknown> | undefined): string {
  const { code, title, id } = value ?? {}
  if (typeof code !== 'string' || !/^[a-z_]{1,40}$/.test(code))
    return `answered ${status}, and not by the gateway's control endpoint`
  const hint = HINTS[code] === undefined ? '' : `; ${HINTS[code]}`
  const told = typeof title === 'string' && /^[\x20-\x7e]{1,200}$/.test(title) ? `: ${title}` : ''
  const record = typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) ? ` (sallyport-id ${id})` : ''
  return `refused, ${status} ${code}${told}${hint}${record}`
}

/** Runs a command line: 0 done, 1 refused or not reached, 2 not understood. Messages go to stderr; a usage that was asked for does not. */
export async function runCommandLine(name: string, usage: string, run: () => Promise<void>): Promise<void> {
  if (asksForHelp(process.argv.slice(2))) return console.log(usage)
  try {
    await run()
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof Refused)) throw error
    console.error(`sallyport ${name}: ${error.message}`)
    if (error instanceof UsageError) console.error(`\n${usage}`)
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
}

/** Alone, or behind one word: anywhere else it may stand for a value, and what is meant to revoke must not end with a 0. */
const asksForHelp = (args: readonly string[]): boolean =>
  args.length <= 2 && (HELP.test(args[0] ?? '') || HELP.test(args[1] ?? ''))
