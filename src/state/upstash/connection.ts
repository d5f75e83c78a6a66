import { Redis } from '@upstash/redis/cloudflare'
import { StateError, type StateFault } from '../state.ts'
import { digestOf, type Script } from './scripts/index.ts'

/** Milliseconds for calls that nobody waits for: give-backs and an operator's. */
const BACKGROUND_MS = 4000
const LOOPBACK = /^(localhost|127\.[0-9.]+|\[::1\])$/
const NOSCRIPT = /^NOSCRIPT/

/** A command with its arguments. */
export type Command = [name: string, ...args: string[]]

/** Where the database is, and the credential. */
export interface Credentials {
  url: string
  token: string
}

/**
 * The database behind Upstash's REST protocol, one HTTP call for each command.
 * Its client is told to do nothing by itself: no second try (it may count twice), no batches (a call would wait for
 * others'), no parsing of replies. A signal given as an object would turn an abort into an answer, so it is a function.
 */
export class Connection {
  /** For what takes a client when it is made; a call on it that does not go through `command` is refused. */
  readonly redis: Redis
  #signal: AbortSignal | undefined

  constructor({ url, token }: Credentials) {
    this.redis = new Redis({
      url,
      token,
      retry: { retries: 0 },
      enableAutoPipelining: false,
      automaticDeserialization: false,
      readYourWrites: false,
      enableTelemetry: false,
      // Asked for while the command is being started; whoever asked later would be refused.
      signal: () => this.#signal ?? AbortSignal.abort(),
    })
  }

  /** Runs one command under a signal; rejects with a `StateError` that holds no part of the command. */
  async command(
    command: Command,
    signal: AbortSignal = AbortSignal.timeout(BACKGROUND_MS),
  ): Promise<unknown> {
    try {
      return await this.#start(command, signal)
    } catch (error) {
      throw new StateError(faultOf(error, signal))
    }
  }

  /** Runs a script by its digest, and once in full where the server does not know it (any more). */
  async script(
    script: Script,
    keys: string[],
    args: string[],
    signal: AbortSignal = AbortSignal.timeout(BACKGROUND_MS),
  ): Promise<unknown> {
    const operands = [String(keys.length), ...keys, ...args]
    const sha1 = await digestOf(script)
    try {
      return await this.#start(['evalsha', sha1, ...operands], signal)
    } catch (error) {
      if (!NOSCRIPT.test(messageOf(error))) throw new StateError(faultOf(error, signal))
    }
    return this.command(['eval', script.source, ...operands], signal)
  }

  #start(command: Command, signal: AbortSignal): Promise<unknown> {
    this.#signal = signal
    try {
      return this.redis.exec<unknown>(command)
    } finally {
      this.#signal = undefined
    }
  }
}

/** Reads the credentials out of the Worker's bindings; throws a `TypeError` that names what is missing, never a value. */
export function credentialsOf(env: Readonly<Record<string, unknown>>): Credentials {
  const url = env.UPSTASH_REDIS_REST_URL
  const token = env.UPSTASH_REDIS_REST_TOKEN
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  if (parsed !== null && /^rediss?:$/.test(parsed.protocol)) {
    throw new TypeError(
      "UPSTASH_REDIS_REST_URL: that is Redis' own address; take the REST URL, 'https://….upstash.io'",
    )
  }
  if (parsed === null || parsed.username !== '' || parsed.search !== '' || parsed.hash !== '') {
    throw new TypeError(
      "UPSTASH_REDIS_REST_URL is missing or no URL; set it to the database's REST URL, 'https://….upstash.io'",
    )
  }
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && LOOPBACK.test(parsed.hostname))) {
    throw new TypeError('UPSTASH_REDIS_REST_URL must be https: the token would travel in the clear')
  }
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new TypeError(
      'secret UPSTASH_REDIS_REST_TOKEN is missing or malformed; set it with wrangler secret put UPSTASH_REDIS_REST_TOKEN',
    )
  }
  return { url: parsed.href.replace(/\/$/, ''), token }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '')

/** The client's messages quote the whole command: only how they begin is looked at, and nothing of them goes on. */
function faultOf(error: unknown, signal: AbortSignal): StateFault {
  if (signal.aborted) return 'no answer in time'
  const name = error instanceof Error ? error.name : ''
  if (name === 'UpstashJSONParseError' || name === 'SyntaxError') return 'answer not understood'
  if (name !== 'UpstashError') return 'not reachable'
  const message = messageOf(error)
  if (/^(WRONGPASS|NOAUTH|NOPERM|Unauthorized)/.test(message)) return 'credential refused'
  if (/^(OOM|ERR DB capacity quota)/.test(message)) return 'out of memory'
  if (/^ERR max [a-z ]*(limit|size)/.test(message)) return 'over its quota'
  return 'failed'
}
