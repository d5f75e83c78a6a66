import { parseJson } from '../lib/json.ts'
import { type PublicJwk, readJwk } from '../lib/jwk.ts'
import { importVerifyKey } from './jwk.ts'
import type { VerifyKey, WantedKey } from './key-source.ts'

/** Of a fetched document, counted while it arrives and after its content coding is undone. */
export const MAX_BYTES = 65_536
const MAX_KEYS = 64
/** Keys that may share kid and algorithm: a token is tried against each of them. */
const MAX_TWINS = 2
/** A set with certificates (`x5c`) is four levels deep. */
export const DOCUMENT_LIMITS = { maxDepth: 16, maxNodes: 4096 } as const

/** The usable keys of an issuer, all of them imported. */
export interface KeySet {
  /** As JWKs, in the order of the document: two sets are one if these are. */
  jwks: readonly PublicJwk[]
  byName: ReadonlyMap<string, readonly VerifyKey[]>
  /** Each algorithm's keys, no key twice. */
  byAlgorithm: ReadonlyMap<string, readonly VerifyKey[]>
  thumbprints: ReadonlySet<string>
}

export type ReadKeySet = { ok: true; set: KeySet } | { ok: false; fault: string }

/** Reads a JWK set (RFC 7517 section 5): what cannot verify is dropped, and a set of which nothing is left is refused. */
export async function readKeySet(bytes: Uint8Array, algorithms: readonly string[]): Promise<ReadKeySet> {
  const parsed = parseJson(bytes, DOCUMENT_LIMITS, { exactNumbers: false })
  if (!parsed.ok) return { ok: false, fault: `the key set is no strict JSON: ${parsed.fault}` }
  const list = listIn(parsed.value)
  if (list === undefined) return { ok: false, fault: 'the key set has no list of keys' }
  if (list.length > MAX_KEYS) return { ok: false, fault: `the key set has ${list.length} keys` }
  return readKeys(list, algorithms)
}

/** Makes a set of JWKs, whoever vouches for them. */
export async function readKeys(list: readonly unknown[], algorithms: readonly string[]): Promise<ReadKeySet> {
  const readable = list.flatMap((item) => {
    const read = readJwk(item, algorithms)
    return read.ok ? [read.jwk] : []
  })
  const imported = await Promise.all(readable.map(importVerifyKey))
  const jwks: PublicJwk[] = []
  const byName = new Map<string, VerifyKey[]>()
  const byAlgorithm = new Map<string, VerifyKey[]>()
  const algorithmOf = new Map<string, string>()
  for (const [i, key] of imported.entries()) {
    const jwk = readable[i]
    if (key === undefined || jwk === undefined) continue
    // One key, one algorithm (RFC 8725 section 3.1): the first use in the document stands.
    const known = algorithmOf.get(key.thumbprint)
    if (known !== undefined && known !== key.algorithm) continue
    if (key.kid !== undefined) {
      const twins = byName.get(nameOf(key.kid, key.algorithm)) ?? []
      if (twins.length === MAX_TWINS || twins.some(({ thumbprint }) => thumbprint === key.thumbprint))
        continue
      byName.set(nameOf(key.kid, key.algorithm), [...twins, key])
    }
    if (known === undefined) {
      byAlgorithm.set(key.algorithm, [...(byAlgorithm.get(key.algorithm) ?? []), key])
      algorithmOf.set(key.thumbprint, key.algorithm)
    }
    jwks.push(jwk)
  }
  if (jwks.length === 0) return { ok: false, fault: 'the key set has no usable key' }
  return { ok: true, set: { jwks, byName, byAlgorithm, thumbprints: new Set(algorithmOf.keys()) } }
}

/** The keys that a token may be signed by. One that names none is for the only key of its algorithm. */
export function findIn({ byName, byAlgorithm }: KeySet, { kid, algorithm }: WantedKey): readonly VerifyKey[] {
  if (kid !== undefined) return byName.get(nameOf(kid, algorithm)) ?? []
  const keys = byAlgorithm.get(algorithm) ?? []
  return keys.length === 1 ? keys : []
}

/** Algorithms hold no space. */
const nameOf = (kid: string, algorithm: string): string => `${algorithm} ${kid}`

/** The `keys` of a JWK set. */
export function listIn(value: unknown): readonly unknown[] | undefined {
  const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined
  return Array.isArray(keys) ? keys : undefined
}
