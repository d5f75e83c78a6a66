import type { Means, NamedVar } from '../authenticator.ts'
import { allow, deny, type Result, secretOf } from '../contract.ts'
import { decodeBase64 } from '../lib/base64.ts'
import { readCertificate } from '../lib/der.ts'
import { ask, type Got } from './ask.ts'
import { type Find, published } from './published.ts'
import type { OptionFail } from './scheme.ts'

/** What RSA signatures are made over. */
export type Hash = 'SHA-1' | 'SHA-256'

/** A certificate's public key, imported for each hash, and when it holds. */
interface Certificate {
  keys: Readonly<Partial<Record<Hash, CryptoKey>>>
  notBefore: number
  notAfter: number
}

/** Where a delivery's certificate is: its address, already held against the provider's hosts, or a var or secret. */
export interface Place {
  url: string
  /** The name of a var or secret with a certificate in PEM, which is taken in place of what the address has. */
  pinned: string | undefined
}

/** A few certificates of 2 KiB, a chain behind the first. */
const MAX_BYTES = 16_384
const MIN_BITS = 2048
const FRESH_MS = 12 * 3_600_000
const CHAIN = /^\s*(?:-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*){1,4}$/
const BAD = 'no PEM certificate with an RSA key of 2,048 bits or more'

/**
 * Verifies RSA signatures (RSASSA-PKCS1-v1_5, RFC 8017 section 8.2) by the key of an X.509 certificate, fetched from the
 * provider or pinned. Who may put a file at the provider's host is trusted: the chain is not followed, dates are checked.
 */
export function rsaByCertificate(hashes: readonly Hash[]) {
  const find: Find<Certificate, undefined> = published({
    what: 'certificate',
    get: async (url, _, signal): Promise<Got<Certificate>> => {
      const answer = await ask(url, { signal, headers: { 'user-agent': 'sallyport' } }, MAX_BYTES)
      if (!answer.ok) return answer
      const certificate = await importPem(new TextDecoder().decode(answer.value.bytes), hashes)
      return certificate ? { ok: true, value: certificate } : { ok: false, fault: BAD }
    },
    freshMs: FRESH_MS,
    unknown: { burst: 4, everyMs: 5_000 },
  })
  const pins = new Map<string, { text: string; certificate: Certificate }>()

  async function pinnedIn(name: string, { env }: Means): Promise<Result<Certificate>> {
    const text = secretOf(env, name)
    if (text === undefined) return deny('not_configured', `${name} is not set; it holds the certificate`)
    const last = pins.get(name)
    if (last?.text === text) return allow(last.certificate)
    const certificate = await importPem(text, hashes)
    if (!certificate) return deny('not_configured', `${name} has ${BAD}`)
    // One a name, and names are of the code.
    pins.set(name, { text, certificate })
    return allow(certificate)
  }

  return async function verifyRsa(
    { url, pinned }: Place,
    hash: Hash,
    signature: Uint8Array<ArrayBuffer>,
    message: Uint8Array<ArrayBuffer>,
    { means, client, now }: { means: Means; client?: string | undefined; now: number },
  ): Promise<Result<true>> {
    const found =
      pinned === undefined
        ? await find(url, undefined, means, { client, now })
        : await pinnedIn(pinned, means)
    if (!found.ok) return found
    const { keys, notBefore, notAfter } = found.value
    const key = keys[hash]
    if (now < notBefore || now > notAfter || !key) {
      return deny(
        'signature_refused',
        `the certificate ${now < notBefore ? 'is not valid yet' : 'has expired'}`,
      )
    }
    const matches = await crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, signature, message)
    return matches ? allow(true) : deny('signature_refused', 'no signature matches')
  }
}

/** The first certificate of a PEM text; the others are its issuers'. */
async function importPem(text: string, hashes: readonly Hash[]): Promise<Certificate | undefined> {
  if (text.length > MAX_BYTES || !CHAIN.test(text)) return undefined
  const [, body = ''] = /-----BEGIN CERTIFICATE-----([^-]*)-----/.exec(text) ?? []
  const der = decodeBase64(body.replaceAll(/\s/g, ''))
  const facts = der && readCertificate(der)
  if (!facts) return undefined
  const keys: Partial<Record<Hash, CryptoKey>> = {}
  for (const hash of hashes) {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash }
    const key = await crypto.subtle
      .importKey('spki', facts.spki, algorithm, false, ['verify'])
      .catch(() => undefined)
    const { modulusLength = 0 } = (key?.algorithm ?? {}) as { modulusLength?: number }
    if (!key || modulusLength < MIN_BITS) return undefined
    keys[hash] = key
  }
  return { keys, notBefore: facts.notBefore, notAfter: facts.notAfter }
}

/** The option `certificate`, as what the route needs. */
export function pinnedCertificate(name: unknown, fail: OptionFail): NamedVar[] {
  if (name === undefined) return []
  if (typeof name === 'string' && name !== '') return [{ name }]
  return fail(
    'certificate',
    'is no name; name the var or secret that holds a certificate in PEM, or leave it out',
  )
}
