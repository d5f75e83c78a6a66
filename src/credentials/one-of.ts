import type { Fail } from '../options.ts'
import type { Principal } from '../principals.ts'
import { type CredentialAuthenticator, credential, reads } from './engine.ts'
import type { CredentialScheme } from './scheme.ts'

const fail: Fail = (option, problem) => {
  throw new TypeError(`oneOf: ${option}: ${problem}`)
}

/**
 * Takes several kinds of credential on one route, exactly one of them in a request: the first kind that a credential is of,
 * by its place, its shape or the issuer that it names, decides alone. A refused one is never tried as another kind.
 * @throws {TypeError} when the module loads, for two `jwt()` of one issuer and for an `opaqueToken` that is not the last:
 * what stands behind would not see any of its credentials.
 *
 * @example
 * import { oneOf } from 'sallyport/credentials'
 */
export function oneOf<const A extends readonly CredentialAuthenticator<Principal>[]>(
  ...kinds: A
): CredentialAuthenticator<PrincipalOf<A[number]>> {
  const schemes = kinds.flatMap((kind): readonly CredentialScheme[] => kind.schemes)
  for (const [at, scheme] of schemes.entries()) {
    if (schemes.slice(0, at).some((before) => hides(before, scheme)))
      fail(
        'jwt',
        `two are of ${scheme.issuers?.join()}, and the first decides alone; write one: audience: ['a', 'b']`,
      )
  }
  for (const [at, scheme] of schemes.entries()) {
    const behind = schemes.slice(at + 1).filter(({ places }) => places.some((place) => reads(scheme, place)))
    if (scheme.catchesAll === true && behind.length > 0)
      fail(
        scheme.name,
        `stands before ${behind.map(({ name }) => name).join(', ')}, and would take all of their texts; put it last`,
      )
  }
  return credential(schemes) as CredentialAuthenticator<PrincipalOf<A[number]>>
}

type PrincipalOf<A> = A extends CredentialAuthenticator<infer P> ? P : never

/** A token goes by its issuer to the first of the two, and that one's word is the last. */
const hides = (first: CredentialScheme, second: CredentialScheme): boolean =>
  [first, second].every(({ name }) => name === 'jwt') &&
  second.issuers?.some((issuer) => first.issuers?.includes(issuer)) === true &&
  second.places.some((place) => reads(first, place))
