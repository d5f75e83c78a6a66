import { checkKept, checkName, type State, StateError, type StateFactory } from '../state.ts'
import { BlockedClients } from './blocked.ts'
import { Connection, credentialsOf } from './connection.ts'
import { gateOf } from './gate.ts'
import { Keys } from './keys.ts'
import { namespaceOf } from './namespace.ts'
import { giveBackArguments } from './question.ts'
import { lockingScripts, plainScripts } from './scripts/index.ts'

/** Options of the Upstash backend. */
export interface UpstashStateOptions {
  /**
   * Whether scripts ask the server to lock their own keys only. Upstash knows that flag and locks the whole database
   * without it; a plain Redis behind the same protocol refuses it: write false there. @default true
   */
  keyLocking?: boolean
}

// Grows with every attempt in this isolate, so that a give-back outranks the attempts before it.
let rounds = 0

/**
 * Shared state in Redis over Upstash's REST protocol: one call in, one call out, each atomic.
 * The factory reads `UPSTASH_REDIS_REST_URL`, `UPSTASH_REDIS_REST_TOKEN` and `STATE_NAMESPACE`, and throws a `TypeError`
 * that names the one that is missing or malformed.
 *
 * @example
 * import { upstashState } from 'sallyport/upstash'
 *
 * export const state = { upstash: upstashState() }
 */
export function upstashState(options: UpstashStateOptions = {}): StateFactory {
  const scripts = (options.keyLocking ?? true) ? lockingScripts : plainScripts
  return (env): State => {
    const connection = new Connection(credentialsOf(env))
    const keys = new Keys(namespaceOf(env))
    const ask = gateOf(connection, scripts.gate, keys)
    const blocked = new BlockedClients()

    return {
      async admit(request) {
        const admission = await ask(request, ++rounds)
        if (admission.outcome === 'blocked') blocked.add(request.client, Date.now())
        return admission
      },

      async settle({ claim, token, as, signal }) {
        if (claim.kind === 'once') return false
        const key = keys.claim(claim)
        if (as === 'release') {
          const released = await connection.script(scripts.release, [key, keys.token(token)], [token], signal)
          if (released !== 0 && released !== 1) throw new StateError('answer not understood')
          return released === 1
        }
        const done = `D ${token} ${claim.requestId} ${Date.now()}`
        const set = ['px', String(claim.ttlMs), 'get']
        const before = await connection.command(['set', key, done, ...set], signal)
        // Nothing before it: a lease that ran out, or an answer that is none. A second try tells them apart.
        if (typeof before !== 'string') throw new StateError('answer not understood')
        const [state, holder] = before.split(' ')
        return holder === token || (state !== 'L' && state !== 'D')
      },

      async giveBack(request) {
        const { client: _client, revocable: _revocable, ...taken } = request
        const { layout, keys: names } = await keys.of(taken)
        if (layout === '') return
        const args = giveBackArguments(request, ++rounds, layout)
        await connection.script(scripts.giveBack, names, args, request.signal)
      },

      knowsBlocked: (client) => blocked.has(client, Date.now()),

      async recall(name, signal) {
        checkName(name)
        const key = await keys.text(name)
        return textOf(await connection.command(['get', key], signal))
      },

      async keep(name, text, ttlMs, signal) {
        checkKept(name, text, ttlMs)
        const key = await keys.text(name)
        await connection.command(['set', key, text, 'px', String(ttlMs)], signal)
      },

      async findApiKey(digest, signal) {
        const [records] = keys.apiKeys
        const stored = textOf(await connection.command(['hget', records, digest], signal))
        return stored?.slice(stored.indexOf(' ') + 1)
      },
    }
  }
}

/** Nothing is what Redis says of a name that it does not have. */
function textOf(reply: unknown): string | undefined {
  if (typeof reply === 'string') return reply
  if (reply === null) return undefined
  throw new StateError('answer not understood')
}
