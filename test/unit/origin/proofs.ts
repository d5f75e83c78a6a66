import { createHash } from 'node:crypto'
import { type Params, serializeParams, signatureBase } from '../../../src/origin/base.ts'
import { toBase64 } from '../../../src/origin/base64.ts'
import { importSigningKey, type ProofParts, signBase, signRequest } from '../../../src/origin/sign.ts'
import type { IncomingRequest, VerifierOptions } from '../../../src/origin/verify.ts'

/** Published test keys, known to everybody: the HMAC text says so, the Ed25519 pair is RFC 9421 appendix B.1.4. */
export const TEST_KEYS = {
  hmac: 'test-hmac:hmac-sha256:UFVCTElTSEVEIFRFU1QgS0VZLCBORVZFUiBVU0UgSVQgSU4gUFJPRFVDVElPTg==',
  ed25519: 'test-ed25519:ed25519:MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF',
  ed25519Public: 'test-ed25519:ed25519-public:JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=',
} as const

export const CREATED = 1_790_000_000
export const NOW = (CREATED + 5) * 1000
export const NONCE = 'AAECAwQFBgcICQoLDA0ODw=='
export const AUTHORITY = 'origin.example:8443'
export const ASSERTED = ['x-subject', 'sallyport-route', 'sallyport-id', 'sallyport-host']

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

export type Sent = Omit<IncomingRequest, 'headers'> & { headers: [string, string][] }

export interface Signed {
  key?: string
  method?: string
  url?: string
  body?: Uint8Array
  headers?: Record<string, string>
  parts?: Partial<ProofParts>
}

/** A request as the gateway sends it. */
export async function signed(options: Signed = {}): Promise<Sent> {
  const { key = TEST_KEYS.hmac, method = 'POST', body = utf8('{"sku":"a-1"}') } = options
  const url = new URL(options.url ?? `https://${AUTHORITY}/tenants/acme/orders?page=2&sort=a%2Fb`)
  const headers = new Headers({
    'content-type': 'application/json',
    'x-subject': 'user-7',
    'sallyport-id': '0199-a',
    'sallyport-host': 'api.example.com',
    'sallyport-route': 'POST /tenants/:tenant/orders',
    ...options.headers,
  })
  const parts = {
    method,
    url,
    headers,
    asserted: ASSERTED,
    digest: sha256(body),
    created: CREATED,
    nonce: NONCE,
  }
  await signRequest(await importSigningKey(key), { ...parts, ...options.parts })
  return { method, target: url.pathname + url.search, headers: [...headers], body }
}

export const verifierOptions = (more: Partial<VerifierOptions> = {}): VerifierOptions => ({
  authority: AUTHORITY,
  keys: [TEST_KEYS.hmac, TEST_KEYS.ed25519Public],
  ...more,
})

export const header = (sent: Sent, name: string): string => sent.headers.find(([n]) => n === name)?.[1] ?? ''

/** The request with one header set (or removed, for `undefined`). */
export function withHeader(sent: Sent, name: string, value: string | undefined): Sent {
  const rest = sent.headers.filter(([n]) => n !== name)
  return { ...sent, headers: value === undefined ? rest : [...rest, [name, value]] }
}

export const replaceIn = (
  sent: Sent,
  name: string,
  from: string | RegExp,
  to: string | ((match: string) => string),
): Sent => withHeader(sent, name, header(sent, name).replace(from, to as string))

export const COVERED = [
  '@method',
  '@authority',
  '@path',
  '@query',
  'content-digest',
  'content-type',
  'sallyport-host',
  'sallyport-id',
  'sallyport-route',
  'x-subject',
]

/** A proof that a holder of the key signs outside the profile: the signature is right, the shape or content is not. */
export async function forged(change: {
  names?: string[]
  params?: Partial<Params>
  text?: (params: string) => string
}) {
  const sent = await signed()
  const [path = '', query = ''] = sent.target.split('?')
  const line: Record<string, string> = {
    '@method': sent.method,
    '@authority': AUTHORITY,
    '@path': path,
    '@query': `?${query}`,
  }
  const names = change.names ?? COVERED
  const values = names.map((name) => line[name] ?? header(sent, name))
  const params = serializeParams(names, {
    created: CREATED,
    expires: CREATED + 60,
    nonce: NONCE,
    keyid: 'test-hmac',
    alg: 'hmac-sha256',
    tag: 'sallyport-v1',
    ...change.params,
  })
  const text = change.text?.(params) ?? params
  const bytes = await signBase(await importSigningKey(TEST_KEYS.hmac), signatureBase(names, values, text))
  const input = withHeader(sent, 'signature-input', `sallyport=${text}`)
  return withHeader(input, 'signature', `sallyport=:${toBase64(bytes)}:`)
}
