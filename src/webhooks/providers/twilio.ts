import { deny, type Result } from '../../contract.ts'
import { concatBytes, sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import { hmacSha1 } from '../algorithms.ts'
import { readSignedForm } from '../form.ts'
import { text } from '../keys.ts'
import { matching } from '../matching.ts'
import { provider } from '../provider.ts'
import type { SignatureList } from '../read-signature.ts'
import type { Asked, Checked, Facts } from '../scheme.ts'
import { type ReadSignature, signed } from '../signed.ts'
import { querySpellings, withAndWithoutPort } from '../url.ts'

/** What is signed behind the URL; undefined for a request that Twilio does not send. */
async function behindUrl(sent: Pick<Asked, 'method' | 'url' | 'body'>): Promise<string | undefined> {
  const { method, url, body } = sent
  const mark = url.indexOf('?')
  const digests = new URLSearchParams(mark === -1 ? '' : url.slice(mark)).getAll('bodySHA256')
  if (digests.length > 0) {
    // Both are public: the URL is signed, and the digest is in it.
    const isBody = digests.length === 1 && digests[0] === encodeHex(await sha256(body))
    return isBody ? '' : undefined
  }
  if (method === 'GET' || method === 'HEAD') return body.length === 0 ? '' : undefined
  const form = readSignedForm(body)
  return form && parameters(form)
}

/** Names and values one after the other, by name; of a repeated name each different value, in order (UTF-16). */
function parameters(form: Readonly<Record<string, string | readonly string[]>>): string {
  let joined = ''
  for (const name of Object.keys(form).sort()) {
    const values = form[name] ?? ''
    for (const value of typeof values === 'string' ? [values] : [...new Set(values)].sort())
      joined += name + value
  }
  return joined
}

const asSent = signed({
  keys: [{ algorithm: hmacSha1, decode: text }],
  signature: { header: 'x-twilio-signature', form: '{base64}' },
  async signs(facts) {
    const behind = await behindUrl(facts)
    return behind === undefined ? undefined : utf8(facts.url + behind)
  },
  signsUrl: true,
})

const NONE: SignatureList = { time: '', candidates: [] }

/** Eight spellings of the URL at most: two of its port times four of its query. */
async function verifyAnySpelling(read: unknown, asked: Asked): Promise<Result<Checked>> {
  const [{ candidates } = NONE] = (read as ReadSignature).lists
  const behind = await behindUrl(asked)
  if (behind === undefined) return deny('signature_refused', 'what is signed is not of its form')
  const tail = utf8(behind)
  for (const url of withAndWithoutPort(asked.url).flatMap(querySpellings)) {
    const checked = await matching(asSent.keys, candidates, concatBytes(utf8(url), tail), asked)
    if (checked.ok) return checked
  }
  return deny('signature_refused', 'no signature matches')
}

/**
 * Verifies Twilio webhooks (`X-Twilio-Signature`, base64 HMAC-SHA1 with the auth token over the URL and the sorted parameters
 * of the form, or over a URL that holds the body's SHA-256 as `bodySHA256`; a GET signs its URL alone). No time is signed, and
 * the replay key is the digest of what was signed. Voice routes send equal requests on purpose, where a caller presses one key
 * twice: give those `replay: { onDuplicate: 'forward' }`. The URL is tried with and without its port and in the spellings of the
 * query that Twilio's own library tries; state `url` where Twilio has another host or path, or a user in it.
 * @example
 * import { twilio } from 'sallyport/webhooks'
 *
 * export const authenticate = twilio({ secret: 'STANDARD_WEBHOOK_SECRET', url: 'https://hooks.example.com/twilio' })
 */
export const twilio = provider({
  name: 'twilio',
  secretForm: "the account's auth token",
  proof: { ...asSent, verify: verifyAnySpelling },
  hintHeader: 'i-twilio-idempotency-token',
  content: [
    { mediaType: 'application/x-www-form-urlencoded', syntax: 'form' },
    { mediaType: 'application/json', syntax: 'json' },
  ],
  timeoutSeconds: 15,
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Twilio',
  source:
    'twilio-node 6.2.0 webhooks.js and its tests; www.twilio.com/docs, "Webhook connection overrides"; timeout from memory; retries: only of failed connections, from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds primary and secondary token',
  signs: 'URL and sorted parameters of the form, or a URL with SHA-256 of the body',
  trap: 'names and values are joined without separators, and their order is not signed: a form that is cut elsewhere, or put in another order, can have the same signature, and then it is the same delivery',
  unsigned: ['i-twilio-idempotency-token', 'content-type'],
}
