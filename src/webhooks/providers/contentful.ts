import { deny, type RequestHeaders } from '../../contract.ts'
import { concatBytes, utf8 } from '../../lib/digest.ts'
import { provider } from '../provider.ts'
import { FINAL_UNLESS_429_OR_5XX } from '../refusals.ts'
import type { Facts } from '../scheme.ts'
import { signed } from '../signed.ts'

const LIST = 'x-contentful-signed-headers'
const TIME = 'x-contentful-timestamp'
/** Headers in the list; Contentful signs about ten beside those that a webhook adds. */
const MAX_NAMES = 32
const NAME = /^[a-z0-9][a-z0-9_-]{0,127}$/

/** The names of the signed headers: each once, in order, and the list and the time among them. */
function signedNames(headers: RequestHeaders): readonly string[] | undefined {
  const names = (headers.get(LIST) ?? '').split(',', MAX_NAMES + 1)
  const inOrder = names.every((name, at) => NAME.test(name) && (at === 0 || name > (names[at - 1] ?? '')))
  const isWhole = inOrder && names.length <= MAX_NAMES && names.includes(LIST) && names.includes(TIME)
  return isWhole && names.every((name) => headers.has(name)) ? names : undefined
}

/** Path and query as Contentful writes them: the query escaped whole, then both once more. */
function canonicalTarget(url: string): string | undefined {
  const [, target = ''] = /^https?:\/\/[^/]*(\/.*)$/.exec(url) ?? []
  const [path = '', query = '', ...more] = target.split('?')
  // What follows a second question mark is not signed.
  if (path === '' || more.length > 0) return undefined
  return encodeURI(query === '' ? path : `${path}?${encodeURIComponent(query)}`)
}

const canonical = signed({
  signature: { header: 'x-contentful-signature', form: '{hex}' },
  time: { header: TIME, unit: 'ms', toleranceSeconds: 30 },
  signs({ method, url, headers, body }) {
    const names = signedNames(headers)
    const target = canonicalTarget(url)
    if (!names || target === undefined) return undefined
    const values = names.map((name) => `${name}:${headers.get(name)?.trim()}`).join(';')
    return concatBytes(utf8(`${method}\n${target}\n${values}\n`), body)
  },
  signsUrl: true,
})

/**
 * Verifies Contentful webhook deliveries (`x-contentful-signature`, hex HMAC-SHA256 over method, path and query, the headers
 * that `x-contentful-signed-headers` lists, and the raw body; 30 s both ways by `x-contentful-timestamp`). The list itself and
 * the time have to be in the list, or the request is refused; a header that is not in it, such as the topic, is worth nothing.
 * The replay key is the digest of what was signed. Contentful's own tolerance is 30 s and attempts come 30 s apart: should
 * retries carry the first attempt's time, a longer `tolerance` takes them.
 * @example
 * import { contentful } from 'sallyport/webhooks'
 *
 * export const authenticate = contentful({ secret: 'STANDARD_WEBHOOK_SECRET', tolerance: '2 m' })
 */
export const contentful = provider({
  name: 'contentful',
  secretForm: "the space's signing secret: 64 characters",
  proof: {
    ...canonical,
    kind: 'canonical',
    inspect(sent, tolerance) {
      if (!sent.headers.has(LIST)) return deny('signature_missing', `${LIST} is missing`)
      if (!signedNames(sent.headers)) return deny('signature_refused', `${LIST} is not of its form`)
      return canonical.inspect(sent, tolerance)
    },
  },
  hintHeader: 'x-contentful-idempotency-key',
  content: [
    { mediaType: 'application/vnd.contentful.management.v1+json', syntax: 'json' },
    { mediaType: 'application/json', syntax: 'json' },
  ],
  // Any other 4xx is final.
  refusalStatuses: FINAL_UNLESS_429_OR_5XX,
  redelivery: { automatic: true, horizonSeconds: 60 },
})

export const facts: Facts = {
  title: 'Contentful',
  source:
    '@contentful/node-apps-toolkit 3.16.1 sign-request and verify-request; www.contentful.com, "Webhook headers" and "Retry policy" (two retries, 30 s apart; up to 24 hours where configured); that only a 429 and a 5xx are tried again from memory',
  checked: '2026-11',
  rotation: 'one signature; the gateway holds two secrets',
  signs: 'method, path and query, the headers that `x-contentful-signed-headers` lists, body',
  trap: 'the request itself says which headers are signed; whether the topic is among them is up to Contentful, so decide on the body',
  unsigned: ['x-contentful-topic', 'x-contentful-webhook-name', 'x-contentful-idempotency-key'],
}
