import { allow, deny, type Env, type Result, secretOf } from '../../contract.ts'
import { fixedKeys, issuerFault, type KeySource, keysUrlFault, remoteKeys } from '../../keys/index.ts'
import { type Fail, isObject, knownOnly, missingOr, shown, within } from '../../options.ts'
import type { IssuerProfile } from '../profiles/profile.ts'
import type { JwtOptions, TokenKeys } from './options.ts'

/** An issuer and its keys, as the deployment names them. */
export interface Issuer {
  url: string
  keys: KeySource
}

const MAX_ISSUER_CHARS = 255

/** Reads the issuer's vars in each request: their texts are few, and each is checked once. */
export function issuerReader(
  options: Pick<JwtOptions<never>, 'issuer' | 'keys' | 'algorithms'>,
  profile: IssuerProfile,
  fail: Fail,
): (env: Env) => Result<Issuer> {
  const { issuer: issuerVar, algorithms } = options
  if (typeof issuerVar !== 'string')
    fail('issuer', `${missingOr(issuerVar)}; name the var with the issuer's URL: 'ISSUER'`)
  const keys = sourceOf(options.keys, algorithms, fail)
  const jwksVar = 'jwks' in keys ? keys.jwks : undefined
  let last: { url: string; jwksUrl: string | undefined; result: Result<Issuer> } | undefined
  return (env) => {
    const url = secretOf(env, issuerVar)
    const jwksUrl = jwksVar && secretOf(env, jwksVar)
    if (url === undefined) return notConfigured(issuerVar, 'is not set')
    if (jwksVar !== undefined && jwksUrl === undefined) return notConfigured(jwksVar, 'is not set')
    if (last?.url === url && last.jwksUrl === jwksUrl) return last.result
    const fault = faultOf(url, profile)
    const keysFault = jwksUrl === undefined ? undefined : keysUrlFault(jwksUrl, url)
    const result =
      fault !== undefined
        ? notConfigured(issuerVar, fault)
        : keysFault !== undefined && jwksVar !== undefined
          ? notConfigured(jwksVar, keysFault)
          : allow({ url, keys: 'find' in keys ? keys : remoteKeys({ issuer: url, algorithms, jwksUrl }) })
    last = { url, jwksUrl, result }
    return result
  }
}

const notConfigured = (name: string, fault: string) => deny('not_configured', `jwt: the var ${name} ${fault}`)

/** The keys that are configured, or where the issuer's are published. */
function sourceOf(
  keys: TokenKeys | undefined,
  algorithms: readonly string[],
  fail: Fail,
): KeySource | { jwks: string | undefined } {
  if (keys === undefined) return { jwks: undefined }
  if (!isObject(keys))
    fail('keys', `is ${shown(keys)}; write { jwks: 'JWKS_URL' }, { set: { keys: [...] } } or { pem: '…' }`)
  if ('find' in keys) return keys
  knownOnly(keys, ['jwks', 'set', 'pem', 'variable'], 'keys.', fail)
  if (Object.keys(keys).length > 1) fail('keys', 'names more than one place; keep one')
  if (!('jwks' in keys)) return within('keys', fail, () => fixedKeys({ ...keys, algorithms }))
  if (typeof keys.jwks !== 'string')
    fail('keys.jwks', `${missingOr(keys.jwks)}; name the var with the URL of the key set`)
  return keys
}

/** What is wrong with an issuer's URL, in words without it. */
function faultOf(url: string, profile: IssuerProfile): string | undefined {
  // A bar stands between issuer and subject in a principal's id.
  if (url.length > MAX_ISSUER_CHARS || url.includes('|')) return 'is not the URL of an issuer'
  const fault = issuerFault(url)
  if (fault !== undefined) return fault
  return profile.issuer?.test(url) === false ? `is not of the form of ${profile.name}` : undefined
}
