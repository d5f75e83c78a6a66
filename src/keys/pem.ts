import { decodeBase64 } from '../lib/base64.ts'
import { readCertificate } from '../lib/der.ts'
import { importAs } from '../lib/jwk.ts'
import { type ReadKeySet, readKeys } from './key-set.ts'

/** One key, and the one that follows it: tokens do not say which, so that each is tried. */
const MAX_PEMS = 2
const MAX_CHARS = 32_768
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----\s*/y
const LABELS = ['PUBLIC KEY', 'CERTIFICATE']

interface Pem {
  label: string
  der: Uint8Array<ArrayBuffer>
}

export type ReadPems = { ok: true; pems: readonly Pem[] } | { ok: false; fault: string }

/** Reads one or two public keys or certificates (RFC 7468), with nothing but white space around them. */
export function readPems(text: string): ReadPems {
  const pems: Pem[] = []
  if (text.length > MAX_CHARS) return fault('is too long for two keys')
  const rest = text.trimStart()
  for (let at = 0; at < rest.length; at = BLOCK.lastIndex) {
    BLOCK.lastIndex = at
    const [, label, body] = BLOCK.exec(rest) ?? []
    if (label === undefined || body === undefined) break
    if (label.includes('PRIVATE')) return fault('holds a private key; only the issuer may have it')
    if (!LABELS.includes(label)) return fault('is neither a PUBLIC KEY (SPKI) nor a CERTIFICATE')
    const der = decodeBase64(body.replaceAll(/\s/g, ''))
    if (der === undefined) return fault('is no strict base64 between its lines')
    pems.push({ label, der })
    if (BLOCK.lastIndex === rest.length) {
      return pems.length > MAX_PEMS
        ? fault('has more than two keys; use a set, where keys have names')
        : { ok: true, pems }
    }
  }
  return fault('is no PEM text')
}

/** The keys of PEM texts, each for the first algorithm that it fits. */
export async function importPems(pems: readonly Pem[], algorithms: readonly string[]): Promise<ReadKeySet> {
  const jwks = await Promise.all(pems.map((pem) => toJwk(pem, algorithms)))
  return jwks.includes(undefined)
    ? { ok: false, fault: 'a configured PEM has no key of the algorithms' }
    : readKeys(jwks, algorithms)
}

async function toJwk({ label, der }: Pem, algorithms: readonly string[]): Promise<object | undefined> {
  // Whoever configured a certificate vouches for it: neither its signature nor its dates are looked at.
  const spki = label === 'CERTIFICATE' ? readCertificate(der)?.spki : der
  if (spki === undefined) return undefined
  for (const algorithm of algorithms) {
    try {
      const key = await crypto.subtle.importKey('spki', spki, importAs(algorithm), true, ['verify'])
      // The runtime adds an algorithm and a use of its own words: whoever configured the key decides on both.
      const { kty, n, e, crv, x, y } = (await crypto.subtle.exportKey('jwk', key)) as JsonWebKey
      return { kty, n, e, crv, x, y }
    } catch {
      // Of another family: the next one may fit.
    }
  }
  return undefined
}

const fault = (fault: string): ReadPems => ({ ok: false, fault })
