import { createHash } from 'node:crypto'
import type { Command } from './commands.ts'
import type { Reply } from './connection.ts'

/** A command as Redis gets it, and what to make of its reply. */
export interface Prepared {
  send: Command
  settle(reply: Reply): Reply
}

/** Tells whether Redis has a script of this SHA-1 now. */
export type IsLoaded = (sha: string) => Promise<boolean>

interface Known {
  /** As the client sent it, its flag line turned into a comment. */
  source: string
  /** SHA-1 of what Redis got with the last EVAL or SCRIPT LOAD; Redis forgets it with a flush and a restart. */
  loadedSha: string
}

/** Upstash alone knows this flag; Redis refuses a script that carries it. */
const FLAG_LINE = '#!lua flags=allow-key-locking\n'
const RUN_TEXT = new Set(['EVAL', 'EVAL_RO'])
const RUN_SHA = new Set(['EVALSHA', 'EVALSHA_RO'])

/** Lets scripts that are written for Upstash run on Redis, under the SHA-1 of the text that their client knows. */
export class Scripts {
  readonly #known = new Map<string, Known>()
  readonly #rewrite: ((source: string) => string) | undefined

  constructor(rewrite: ((source: string) => string) | undefined) {
    this.#rewrite = rewrite
  }

  async prepare(command: Command, isLoaded: IsLoaded): Promise<Prepared> {
    const [name = '', second = '', ...rest] = command
    const verb = name.toUpperCase()
    if (RUN_TEXT.has(verb)) return this.#load(second, (text) => [name, text, ...rest])
    if (RUN_SHA.has(verb)) return this.#runBySha(name, second.toLowerCase(), rest, isLoaded)
    if (verb !== 'SCRIPT') return asItIs(command)
    if (second.toUpperCase() === 'LOAD' && rest.length === 1) return this.#scriptLoad(rest[0] ?? '')
    if (second.toUpperCase() === 'EXISTS') {
      const shas = rest.map((sha) => this.#known.get(sha.toLowerCase())?.loadedSha ?? sha)
      return asItIs([name, second, ...shas])
    }
    return asItIs(command)
  }

  #load(original: string, command: (text: string) => Command): Prepared {
    // A comment in its place keeps the line numbers of error messages, and a SHA-1 that nobody else's script has.
    const source = original.startsWith(FLAG_LINE) ? `--${original.slice(2)}` : original
    const text = this.#rewritten(source)
    if (text === original && this.#rewrite === undefined) return asItIs(command(text))
    return {
      send: command(text),
      settle: (reply) => {
        this.#known.set(sha1(original), { source, loadedSha: sha1(text) })
        return reply
      },
    }
  }

  #scriptLoad(original: string): Prepared {
    const { send, settle } = this.#load(original, (text) => ['SCRIPT', 'LOAD', text])
    return { send, settle: (reply) => (settle(reply) instanceof Error ? reply : Buffer.from(sha1(original))) }
  }

  async #runBySha(name: string, sha: string, rest: readonly string[], isLoaded: IsLoaded): Promise<Prepared> {
    const known = this.#known.get(sha)
    if (known === undefined) return asItIs([name, sha, ...rest])
    if (this.#rewrite === undefined || !(await isLoaded(known.loadedSha))) {
      // Where Redis has forgotten the script, this is what makes it say NOSCRIPT itself.
      return asItIs([name, known.loadedSha, ...rest])
    }
    const byText = name.toUpperCase() === 'EVALSHA' ? 'EVAL' : 'EVAL_RO'
    return asItIs([byText, this.#rewritten(known.source), ...rest])
  }

  #rewritten(source: string): string {
    return this.#rewrite === undefined ? source : this.#rewrite(source)
  }
}

function asItIs(command: Command): Prepared {
  return { send: command, settle: (reply) => reply }
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
