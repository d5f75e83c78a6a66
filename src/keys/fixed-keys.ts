import { type Env, secretOf } from '../contract.ts'
import { utf8 } from '../lib/digest.ts'
import { readJwk } from '../lib/jwk.ts'
import { type Fail, missingOr } from '../options.ts'
import { checkAlgorithms } from './algorithms.ts'
import { findIn, type KeySet, listIn, MAX_BYTES, type ReadKeySet, readKeySet, readKeys } from './key-set.ts'
import type { FoundKeys, KeySource, VerifyKey, WantedKey } from './key-source.ts'
import { importPems, readPems } from './pem.ts'

/** Keys that are configured: `algorithms` and exactly one of `set`, `pem` and `variable`. */
export interface FixedKeysOptions {
  /** What the keys are for; one that names no algorithm is pinned to the first that fits. */
  algorithms: readonly string[]
  /** A JWK set (RFC 7517). */
  set?: object
  /** One or two public keys (SPKI) or certificates, of which only the key counts; the `kid` of a token is not compared. */
  pem?: string
  /** The name of a Worker secret or var with the JSON of a JWK set, or with what `pem` takes. */
  variable?: string
}

/** Set or PEM, before any key is imported. */
interface Written {
  /** What was read: once it differs, it is read again. */
  text: string
  read: () => Promise<ReadKeySet>
  /** PEM has no names for keys. */
  isNameless: boolean
}

/** A key that is broken stays so until somebody mends it. */
const RETRY_AFTER_SECONDS = 60

/**
 * Keys that are configured and not fetched. Throws a `TypeError` for a set without a usable key, for a private key, and for
 * what is no PEM; what is in a variable is read with the first token, and `unavailable` until it is mended.
 */
export function fixedKeys({ algorithms, set, pem, variable }: FixedKeysOptions): KeySource {
  checkAlgorithms(algorithms, fail)
  const list = [...algorithms]
  if ([set, pem, variable].filter((option) => option !== undefined).length !== 1) {
    fail('set, pem, variable', 'are not one; write where the keys are, in one of them')
  }
  if (variable !== undefined) return source((env) => writtenIn(env, variable, list))
  const written = set === undefined ? writtenPem(pem, list) : writtenSet(set, list)
  return source(() => written)
}

function source(writtenIn: (env: Env) => Written | string): KeySource {
  let last: { text: string; read: ReadKeySet } | undefined
  return {
    async find(wanted, { env }): Promise<FoundKeys> {
      const written = writtenIn(env)
      if (typeof written === 'string') return unavailable(written)
      const { text, read, isNameless } = written
      // Two requests at once read it twice: neither waits for the other's promise.
      const current = last?.text === text ? last : { text, read: await read() }
      last = current
      if (!current.read.ok) return unavailable(current.read.fault)
      const keys = isNameless ? ofAlgorithm(current.read.set, wanted) : findIn(current.read.set, wanted)
      return keys.length === 0 ? { found: 'none' } : { found: 'keys', keys, isStale: false }
    },
    standing: (thumbprint) =>
      last?.read.ok === true && last.read.set.thumbprints.has(thumbprint) ? 'current' : undefined,
  }
}

function writtenSet(set: unknown, algorithms: readonly string[]): Written {
  const keys = listIn(set)
  if (keys === undefined)
    return fail('set', `${missingOr(set)} without a list of keys; write { keys: [...] }`)
  const reads = keys.map((key) => readJwk(key, algorithms))
  if (reads.some((read) => !read.ok && read.fault === 'private')) {
    fail('set', 'holds a private or secret key; write the public members only')
  }
  if (!reads.some(({ ok }) => ok)) {
    const faults = new Set(reads.flatMap((read) => (read.ok ? [] : [read.fault])))
    fail('set', `has no key for ${algorithms.join(', ')} (dropped by ${[...faults].join(', ') || 'nothing'})`)
  }
  return { text: '', read: () => readKeys(keys, algorithms), isNameless: false }
}

function writtenPem(pem: unknown, algorithms: readonly string[]): Written {
  if (typeof pem !== 'string') return fail('pem', `${missingOr(pem)}; write the text of the file`)
  const read = readPems(pem)
  if (!read.ok) return fail('pem', read.fault)
  return { text: '', read: () => importPems(read.pems, algorithms), isNameless: true }
}

/** What a variable holds, or why it is of no use. */
function writtenIn(env: Env, name: string, algorithms: readonly string[]): Written | string {
  const text = secretOf(env, name)
  if (text === undefined) return 'the variable of the keys is not set'
  if (text.length > MAX_BYTES) return 'the variable of the keys is too long'
  if (text.trimStart().startsWith('{')) {
    return { text, read: () => readKeySet(utf8(text), algorithms), isNameless: false }
  }
  const pems = readPems(text)
  if (!pems.ok) return `the variable of the keys ${pems.fault}`
  return { text, read: () => importPems(pems.pems, algorithms), isNameless: true }
}

const ofAlgorithm = ({ byAlgorithm }: KeySet, { algorithm }: WantedKey): readonly VerifyKey[] =>
  byAlgorithm.get(algorithm) ?? []

const unavailable = (reason: string): FoundKeys => ({
  found: 'unavailable',
  retryAfterSeconds: RETRY_AFTER_SECONDS,
  reason,
})

const fail: Fail = (option, problem) => {
  throw new TypeError(`fixedKeys: ${option}: ${problem}`)
}
