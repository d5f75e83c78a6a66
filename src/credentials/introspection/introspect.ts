import { encodeBase64 } from '../../lib/base64.ts'
import { concatBytes, utf8 } from '../../lib/digest.ts'
import { parseJson } from '../../lib/json.ts'
import type { Answer } from '../lookups.ts'
import type { Endpoint, Members } from './endpoint.ts'

const MAX_ANSWER_BYTES = 65_536
const JSON_LIMITS = { maxDepth: 16, maxNodes: 2000 }
/** What an endpoint, or the firewall before it, says of a token that it does not like. */
const OF_THE_TOKEN = [400, 403, 413, 422]

/** Asks the endpoint about a token (RFC 7662 section 2), in a body: a URL would be in its logs. */
export async function introspect(
  token: string,
  { url, clientId, secrets }: Endpoint,
  signal: AbortSignal,
): Promise<Answer<Members>> {
  const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString()
  for (const secret of secrets) {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: basic(clientId, secret),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body,
      // The gateway's credentials and the token go where the configuration says, and nowhere else.
      redirect: 'manual',
      signal,
    })
    if (response.status === 200) return answerOf(response)
    await response.body?.cancel()
    const reason = `the endpoint answered ${response.status}`
    if (OF_THE_TOKEN.includes(response.status)) return failedOfOne(reason)
    if (response.status !== 401) return failed(reason)
  }
  return failed("the endpoint refuses the gateway's own credentials")
}

async function answerOf(response: Response): Promise<Answer<Members>> {
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/json') {
    await response.body?.cancel()
    return failed('the answer of the endpoint is not JSON')
  }
  const bytes = await readAtMost(response, MAX_ANSWER_BYTES)
  if (bytes === undefined) return failedOfOne('the answer of the endpoint is too long')
  const json = parseJson(bytes, JSON_LIMITS, { exactNumbers: false })
  // Any other fault may come from what one user has written of herself.
  if (!json.ok && json.fault !== 'syntax') return failedOfOne('the answer of the endpoint is not strict JSON')
  if (!json.ok || !isMembers(json.value)) return failed('the answer of the endpoint is not a JSON object')
  const { active } = json.value
  if (active === true) return { known: json.value, bytes: bytes.length }
  if (active === false) return { unknown: 'the issuer says that the token is not active' }
  // Neither yes nor no: nothing to tell a client that its token is bad for.
  return failed('the answer of the endpoint does not say whether the token is active')
}

/** The body, counted after decoding; undefined for a longer one. */
async function readAtMost(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const reader = response.body?.getReader()
  const parts: Uint8Array[] = []
  let length = 0
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    length += read.value.length
    if (length > maxBytes) {
      await reader?.cancel()
      return undefined
    }
    parts.push(read.value)
  }
  return concatBytes(...parts)
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. */
const basic = (clientId: string, secret: string): string =>
  `Basic ${encodeBase64(utf8(`${formEncoded(clientId)}:${formEncoded(secret)}`))}`

const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const failed = (reason: string): Answer<never> => ({ failed: reason })
const failedOfOne = (reason: string): Answer<never> => ({ failed: reason, ofOne: true })
