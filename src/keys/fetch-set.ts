import { parseJson } from '../lib/json.ts'
import { keysUrlFault, metadataUrls } from './address.ts'
import { fetchDocument } from './document.ts'
import { DOCUMENT_LIMITS, readKeySet } from './key-set.ts'
import { etagOf, lifetimeOf } from './lifetime.ts'
import { type Address, addressOf, type Held, type Memory } from './memory.ts'

/** What identifies a source: two with the same are one. */
export interface Origin {
  issuer: string
  jwksUrl: string | undefined
  algorithms: readonly string[]
}

type Outcome<T> = { ok: true; value: T } | { ok: false; fault: string; answered?: boolean }

/** Fetches an issuer's set: one request, or three where its address has to be learnt. Never rejects. */
export async function fetchSet(origin: Origin, memory: Memory, signal: AbortSignal): Promise<Outcome<Held>> {
  const address = await learnAddress(origin, memory, signal)
  if (!address.ok) return address
  const { held } = memory
  const last = held?.address.url === address.value.url ? held : undefined
  const fetched = await fetchDocument(address.value.url, signal, last?.etag)
  if (fetched.outcome === 'fault') return { ok: false, fault: fetched.fault }
  const { headers } = fetched
  const common = { address: address.value, fetchedAt: Date.now(), lifetimeMs: lifetimeOf(headers) }
  if (fetched.outcome === 'unchanged') {
    if (last === undefined) return { ok: false, fault: 'the issuer answered with status 304 out of turn' }
    return { ok: true, value: { ...common, set: last.set, etag: last.etag } }
  }
  const read = await readKeySet(fetched.bytes, origin.algorithms)
  if (!read.ok) return read
  return { ok: true, value: { ...common, set: read.set, etag: etagOf(headers) } }
}

async function learnAddress(
  { issuer, jwksUrl }: Origin,
  memory: Memory,
  signal: AbortSignal,
): Promise<Outcome<Address>> {
  if (jwksUrl !== undefined) return { ok: true, value: { url: jwksUrl, learntAt: Date.now() } }
  const known = addressOf(memory, Date.now())
  if (known) return { ok: true, value: known }
  let last: Outcome<Address> = { ok: false, fault: 'the issuer has no metadata' }
  for (const url of metadataUrls(issuer)) {
    last = await readMetadata(url, issuer, signal)
    if (last.ok || !last.answered) return last
  }
  return last
}

/** RFC 8414 section 3.3: the metadata must name the issuer that was asked for, byte for byte. */
async function readMetadata(url: string, issuer: string, signal: AbortSignal): Promise<Outcome<Address>> {
  const fetched = await fetchDocument(url, signal)
  if (fetched.outcome === 'fault') return { ok: false, fault: fetched.fault, answered: fetched.answered }
  const fault = (fault: string): Outcome<Address> => ({ ok: false, fault, answered: true })
  if (fetched.outcome === 'unchanged') return fault('the issuer answered with status 304 out of turn')
  const parsed = parseJson(fetched.bytes, DOCUMENT_LIMITS, { exactNumbers: false })
  if (!parsed.ok) return fault(`the issuer's metadata are no strict JSON: ${parsed.fault}`)
  const metadata = Object(parsed.value) as Readonly<Record<string, unknown>>
  if (metadata.issuer !== issuer) return fault("the issuer's metadata name another issuer")
  const { jwks_uri } = metadata
  const urlFault = keysUrlFault(jwks_uri, issuer)
  if (typeof jwks_uri !== 'string' || urlFault !== undefined) {
    return fault(`the jwks_uri of the issuer's metadata ${urlFault}`)
  }
  return { ok: true, value: { url: jwks_uri, learntAt: Date.now() } }
}
