import { sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import { provider } from '../provider.ts'
import type { Facts } from '../scheme.ts'
import { token } from '../token.ts'

const CHALLENGE_PATH = '/.well-known/fastly/logging/challenge'
const SERVICE_ID = /^[A-Za-z0-9]{1,64}$/

interface FastlyOptions {
  /** The Fastly services that may log here, by their ids. `*`, which is every customer's, is refused. */
  serviceId: string | readonly [string, ...string[]]
}

const idsOf = ({ serviceId }: FastlyOptions): readonly unknown[] =>
  typeof serviceId === 'string' ? [serviceId] : Array.isArray(serviceId) ? serviceId : []

/**
 * Verifies a header of your own that Fastly's HTTPS log streams send (Custom header name and value; its whole value is the
 * secret, compared in constant time; nothing is signed). Option `header` names it, `authorization` by default. There is no
 * replay key unless the route says `deduplicate: 'body'`; equal log lines are then one batch. The schema of logs in the format
 * Array of JSON is `v.array(…)`. Fastly asks at `/.well-known/fastly/logging/challenge` of the same host whether logs are wanted:
 * a second route with that path, `method: 'GET'` and the same options answers it with the digests of the ids in `serviceId`.
 * @example
 * import { fastlyLogging } from 'sallyport/webhooks'
 *
 * export const authenticate = fastlyLogging({ secret: 'STANDARD_WEBHOOK_SECRET', serviceId: 'SU1Z0isxPaozGVKXdv0eY' })
 */
export const fastlyLogging = provider({
  name: 'fastly-logging',
  secretForm: "the header's value, 16 to 512 characters of ASCII",
  proof: token({ in: 'stated header', name: 'authorization' }),
  options: ['serviceId'],
  configure(options: FastlyOptions, fail) {
    const ids = idsOf(options)
    const sound = ids.length > 0 && ids.every((id) => typeof id === 'string' && SERVICE_ID.test(id))
    if (!sound) fail('serviceId', "is not a service's id, or a list of them; '*' would let every service log")
    return {}
  },
  greeting: {
    method: 'GET',
    path: CHALLENGE_PATH,
    async answer({ options }) {
      const digests = await Promise.all(idsOf(options).map((id) => sha256(utf8(String(id)))))
      const lines = digests.map((digest) => `${encodeHex(digest)}\n`)
      return { status: 200, contentType: 'text/plain; charset=utf-8', body: lines.join('') }
    },
  },
  redelivery: { automatic: false, horizonSeconds: 0 },
})

export const facts: Facts = {
  title: 'Fastly real-time logging',
  source: 'fastly.com/documentation, "Log streaming: HTTPS"; redelivery and timeout are not documented',
  checked: '2026-11',
  rotation: 'one value; the gateway holds two',
  trap: "'*' in the answer to the challenge would let any Fastly service post: it is no option",
}
