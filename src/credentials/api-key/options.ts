import type { GenericSchema } from 'valibot'
import type { Duration } from '../../lib/duration.ts'
import type { SecretName } from '../../names.ts'
import { durationOf, type Fail, isObject, knownOnly, missingOr, shown } from '../../options.ts'
import type { Claims } from '../../principals.ts'
import type { Place } from '../scheme.ts'
import { isPrefix, PREFIX_FORM } from './form.ts'
import { MAX_KEY_CACHE_MS } from './record.ts'

export interface ApiKeyOptions<C = Claims> {
  /** What the keys begin with, before the last `_`: `'acme_live'`. Lower-case letters, digits and single `_`, at most 32. */
  prefix: string
  /**
   * The secret that keys the checksum of keys, at least 32 characters; a second one for rotation is read from the same name
   * with `_NEXT`. Keys are refused once the secret that they were made with is in neither.
   */
  checksum: SecretName
  /**
   * Where the records of keys are. `state`: shared state, by one look-up that each isolate remembers. `secret`: a Worker
   * secret with a JSON array of records, or one record a line.
   */
  keys: 'state' | { secret: SecretName }
  /**
   * Request headers that a key may come in, in lower case: `authorization` stands for its Bearer scheme, every other for the
   * bare key. @default ['authorization']
   */
  headers?: readonly string[]
  /** How long an isolate goes by what it has looked up, at most `'1 h'`; revocations hold at once. @default '60 s' */
  cache?: Duration
  /**
   * Keys that were made elsewhere, and so have no checksum: each isolate looks up at most 20 unknown ones a second, then
   * answers 503 to those that it does not remember.
   */
  imported?: {
    /** The whole form of such a key, from `^` to `$`; at most 512 characters are looked at. */
    pattern: RegExp
    /** The secret of their HMAC-SHA-256. @default none: their SHA-256 is what is stored */
    hmac?: SecretName
  }
  /** Types and validates `principal.claims`, which is what was stored with the key. */
  claims?: GenericSchema<unknown, C>
}

const MAX_HEADERS = 4
const HEADER = /^[a-z][a-z0-9-]{0,63}$/
/** They mean something else to everybody. */
const TAKEN = ['connection', 'content-length', 'content-type', 'cookie', 'dpop', 'host', 'transfer-encoding']
const OPTIONS = ['prefix', 'checksum', 'keys', 'headers', 'cache', 'imported', 'claims']

const fail: Fail = (option, problem) => {
  throw new TypeError(`apiKey: ${option}: ${problem}`)
}

/** Refuses what the compiler would, and what it cannot see. */
export function checkOptions(options: ApiKeyOptions<unknown>): { places: Place[]; cacheMs: number } {
  if (!isObject(options)) fail('options', "are missing; write apiKey({ prefix: 'acme_live', … })")
  knownOnly(options, OPTIONS, '', fail)
  const { prefix, checksum, keys, headers = ['authorization'], cache = '60 s', imported, claims } = options
  if (typeof prefix !== 'string' || !isPrefix(prefix))
    fail('prefix', `${missingOr(prefix)}; use ${PREFIX_FORM}`)
  secretOnly(checksum, 'checksum')
  if (isObject(keys)) {
    knownOnly(keys, ['secret'], 'keys.', fail)
    secretOnly(keys.secret, 'keys.secret')
  } else if (keys !== 'state') fail('keys', `${missingOr(keys)}; use 'state' or { secret: 'NAME' }`)
  if (imported !== undefined) checkImported(imported)
  if (claims !== undefined && !(isObject(claims) && 'kind' in claims && claims.kind === 'schema'))
    fail('claims', `${shown(claims)} is no schema; use one of valibot`)
  const cacheMs = durationOf(cache, 'cache', fail)
  if (cacheMs > MAX_KEY_CACHE_MS) fail('cache', `'${cache}' is too long; use at most '1 h'`)
  return { places: placesOf(headers), cacheMs }
}

function secretOnly(name: unknown, option: string): void {
  if (typeof name !== 'string' || name === '') fail(option, `${missingOr(name)}; name a Worker secret`)
}

function checkImported(imported: NonNullable<ApiKeyOptions['imported']>): void {
  if (!isObject(imported)) fail('imported', `${shown(imported)} is not known; use { pattern: /^…$/ }`)
  knownOnly(imported, ['pattern', 'hmac'], 'imported.', fail)
  const { pattern, hmac } = imported
  if (!(pattern instanceof RegExp)) fail('imported.pattern', `${missingOr(pattern)}; use /^…$/`)
  if (!/^\^.*\$$/s.test(pattern.source)) fail('imported.pattern', 'has to begin with ^ and to end with $')
  if (/[gmy]/.test(pattern.flags))
    fail('imported.pattern', `has the flags '${pattern.flags}'; leave out g, m and y`)
  if (hmac !== undefined) secretOnly(hmac, 'imported.hmac')
}

function placesOf(headers: readonly string[]): Place[] {
  if (!Array.isArray(headers) || headers.length === 0 || headers.length > MAX_HEADERS)
    fail('headers', `use a list of 1 to ${MAX_HEADERS} names`)
  return headers.map((name: unknown, at) => {
    if (typeof name !== 'string' || !HEADER.test(name) || TAKEN.includes(name))
      return fail(`headers[${at}]`, `${shown(name)} cannot hold a key; use a name such as 'x-api-key'`)
    return name === 'authorization' ? { in: 'authorization', scheme: 'bearer' } : { in: 'header', name }
  })
}
