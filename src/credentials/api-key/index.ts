import { type GenericSchema, safeParse } from 'valibot'
import type { ChallengeScheme, Means, Proven, Verify } from '../../authenticator.ts'
import { allow, deny, type Identified, type Result } from '../../contract.ts'
import type { ApiKeyPrincipal, Claims } from '../../principals.ts'
import { revocable } from '../../revocable.ts'
import { type CredentialAuthenticator, credential } from '../engine.ts'
import { freeze } from '../frozen.ts'
import type { CredentialScheme, Place, Presented } from '../scheme.ts'
import { importedDigest, ownDigest } from './digest.ts'
import { type FoundKey, finder } from './find.ts'
import { hasForm } from './form.ts'
import { type ApiKeyOptions, checkOptions } from './options.ts'
import type { KeyRecord } from './record.ts'

export type { ApiKeyOptions } from './options.ts'

/** Nobody's pattern is run over more. */
const MAX_IMPORTED_CHARS = 512

/**
 * Takes API keys: `<prefix>_<43 random characters><11 of checksum>`, known by their SHA-256. A key whose checksum is not
 * of the secret costs no look-up. A key comes as `Authorization: Bearer` unless `headers` says otherwise; shared state that
 * cannot answer is a 503, never a 401. A bad option throws a `TypeError` at load that names it.
 * @example
 * import { defineRoute } from 'sallyport'
 * import { apiKey } from 'sallyport/credentials'
 * import * as v from 'valibot'
 *
 * // What `npm run env-types` writes once there is a secret of that name.
 * declare global { namespace Cloudflare { interface Env { API_KEY_CHECKSUM: string } } }
 *
 * export default defineRoute({
 *   method: 'GET', path: '/tenants/:tenant/reports', owner: 'reports', sensitivity: 'internal',
 *   authenticate: apiKey({
 *     prefix: 'acme_live', checksum: 'API_KEY_CHECKSUM', keys: 'state', headers: ['x-api-key'],
 *     claims: v.object({ tenant: v.string() }),
 *   }),
 *   authorize: ({ principal, params }) => principal.scopes.includes('reports:read') && principal.claims.tenant === params.tenant,
 *   forward: { to: 'ORIGIN_URL' },
 * })
 */
export function apiKey<C = Claims>(
  options: ApiKeyOptions<C>,
): CredentialAuthenticator<ApiKeyPrincipal<C>, 'apiKey'> {
  const { places, cacheMs } = checkOptions(options)
  const { prefix, checksum, keys, imported } = options
  const find = finder(keys, cacheMs)
  const digests = { own: ownDigest(checksum), imported: imported && importedDigest(imported) }
  const principalOf = principals(options.claims)
  const isImported = (text: string): boolean =>
    imported !== undefined && text.length <= MAX_IMPORTED_CHARS && imported.pattern.test(text)

  function inspect({ text, place }: Presented, { now }: Identified): Result<Verify<ApiKeyPrincipal<C>>> {
    const isOwn = hasForm(text, prefix)
    const digestOf = isOwn ? digests.own : isImported(text) ? digests.imported : undefined
    if (digestOf === undefined)
      return said(place, deny('credential_refused', 'the key is not of the form of one'))
    return allow(async function verify(_body: unknown, means: Means) {
      const digest = await digestOf(text, means.env)
      if (!digest.ok) return said(place, digest)
      const found = await find(digest.value, now, isOwn, means)
      return said(place, found.ok ? proven(found.value, now, principalOf) : found)
    })
  }

  const scheme: CredentialScheme<ApiKeyPrincipal<C>> = {
    name: 'api key',
    kind: 'apiKey',
    secrets: [
      checksum,
      ...(keys === 'state' ? [] : [keys.secret]),
      ...(imported?.hmac ? [imported.hmac] : []),
    ],
    places,
    challenges: places.map(challengeOf),
    takes: ({ text }) => text.startsWith(`${prefix}_`) || isImported(text),
    inspect,
  }
  return credential([scheme])
}

/** A key in a header of its own has no scheme that is registered: the challenge tells the header. */
const challengeOf = (place: Place): ChallengeScheme =>
  place.in === 'header' ? { scheme: 'ApiKey', parameters: { header: place.name } } : { scheme: 'Bearer' }

/** Names the scheme that a refused key came in. */
function said<T>(place: Place, result: Result<T>): Result<T> {
  if (result.ok || result.denial.code !== 'credential_refused') return result
  return { ok: false, denial: { ...result.denial, challenge: { scheme: challengeOf(place).scheme } } }
}

function proven<C>(
  { record, warnings }: FoundKey,
  now: number,
  principalOf: (record: KeyRecord) => Result<ApiKeyPrincipal<C>>,
): Result<Proven<ApiKeyPrincipal<C>>> {
  const issuedAtMs = Date.parse(record.createdAt)
  const endsMs = record.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(record.expiresAt)
  if (now >= endsMs) {
    const measure = { limit: 0, actual: Math.ceil((now - endsMs) / 1000), unit: 'seconds' } as const
    return deny('credential_refused', 'the key is out of date', { measure })
  }
  const principal = principalOf(record)
  if (!principal.ok) return principal
  return allow({
    principal: principal.value,
    revocable: [principal.value.id, revocable.apiKeyDigest(record.digest)],
    issuedAtMs,
    ...(warnings.length > 0 && { warnings }),
  })
}

/** Makes the principal of a record once: the record is remembered, and what is said of it does not change. */
function principals<C>(
  schema: GenericSchema<unknown, C> | undefined,
): (record: KeyRecord) => Result<ApiKeyPrincipal<C>> {
  const made = new WeakMap<KeyRecord, Result<ApiKeyPrincipal<C>>>()
  return function principalOf(record) {
    const held = made.get(record)
    if (held) return held
    const read = schema && safeParse(schema, record.claims ?? {})
    const result: Result<ApiKeyPrincipal<C>> =
      read && !read.success
        ? deny('credential_refused', 'what is stored with the key is not what the route wants of it')
        : allow({
            kind: 'apiKey' as const,
            id: revocable.apiKey(record.id),
            keyId: record.id,
            scopes: record.scopes,
            roles: record.roles ?? [],
            claims: (read ? read.output : (record.claims ?? {})) as C,
          })
    // What stays open is made anew for each request.
    if (!result.ok || freeze(result.value)) made.set(record, result)
    return result
  }
}
