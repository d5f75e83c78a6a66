import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { BadInput, type Listening, listen, readObject, sendJson, sendMethodNotAllowed } from './http.ts'
import { ALGORITHMS, isAlgorithm, TokenFactory } from './tokens.ts'

/** How the issuer answers for its metadata and keys; `POST /token` works in every mode. */
type Mode = 'ok' | 'down' | 'slow' | 'empty'

/** Milliseconds that the mode `slow` waits, more than any deadline of the gateway. */
const SLOW_MS = 5000

/**
 * Starts the demo issuer on 127.0.0.1: discovery, key set and tokens, with jose.
 *
 * Modes: `down` ends the connection without an answer, `slow` answers after 5 s, `empty` publishes no key, `rotate`
 * puts new keys in the place of the old ones and goes on as `ok`. Each GET of the key set counts as a fetch, in every mode.
 */
export async function startIssuer({ port }: { port: number }): Promise<Listening> {
  let mode: Mode = 'ok'
  let jwksFetches = 0
  let tokens = await TokenFactory.create()

  /** False when the mode has ended the connection. */
  async function attend(response: ServerResponse): Promise<boolean> {
    if (mode === 'slow') await delay(SLOW_MS)
    if (mode === 'down') response.destroy()
    return !response.destroyed
  }

  const server: Listening = await listen(port, async (request, response) => {
    const { url: path = '/', method = 'GET' } = request
    const only = (allowed: string) => method === allowed || void sendMethodNotAllowed(response, allowed)
    switch (path) {
      case '/.well-known/openid-configuration':
        if (only('GET') && (await attend(response))) sendJson(response, 200, metadata(server.url))
        return
      case '/jwks.json':
        if (!only('GET')) return
        jwksFetches++
        if (await attend(response)) sendJson(response, 200, mode === 'empty' ? { keys: [] } : tokens.keySet())
        return
      case '/token':
        if (only('POST')) sendJson(response, 200, { access_token: await issue(tokens, server.url, request) })
        return
      case '/_playground/behaviour': {
        if (!only('PUT')) return
        const { mode: asked } = await readObject(request, ['mode'])
        if (asked === 'rotate') tokens = await TokenFactory.create()
        mode = asked === 'rotate' ? 'ok' : modeOf(asked)
        return sendJson(response, 200, { ok: true, mode })
      }
      case '/_playground/stats':
        if (only('GET')) sendJson(response, 200, { jwksFetches })
        return
      default:
        return sendJson(response, 404, { error: 'no such path; see /.well-known/openid-configuration' })
    }
  })
  return server
}

const metadata = (issuer: string) => ({
  issuer,
  jwks_uri: `${issuer}/jwks.json`,
  token_endpoint: `${issuer}/token`,
  response_types_supported: ['token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ALGORITHMS,
})

async function issue(tokens: TokenFactory, issuer: string, request: IncomingMessage): Promise<string> {
  const {
    claims = {},
    alg = 'ES256',
    ttlSeconds = 300,
  } = await readObject(request, ['claims', 'alg', 'ttlSeconds'])
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new BadInput(`'claims' must be a JSON object`)
  }
  if (!isAlgorithm(alg)) throw new BadInput(`'alg' must be one of ${ALGORITHMS.join(', ')}`)
  if (typeof ttlSeconds !== 'number' || !Number.isSafeInteger(ttlSeconds)) {
    throw new BadInput(`'ttlSeconds' must be a whole number; a negative one makes an expired token`)
  }
  return tokens.issue(issuer, { claims: claims as Record<string, unknown>, alg, ttlSeconds })
}

function modeOf(mode: unknown): Mode {
  if (mode === 'ok' || mode === 'down' || mode === 'slow' || mode === 'empty') return mode
  throw new BadInput(`'mode' must be one of ok, down, slow, empty, rotate`)
}
