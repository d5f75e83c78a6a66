import type { Principal } from '../principals.ts'
import { type CredentialAuthenticator, credential } from './engine.ts'

/**
 * Takes several kinds of credential on one route, exactly one of them in a request: the first kind that a credential is of,
 * by its place, its shape or the issuer that it names, decides alone. A refused one is never tried as another kind.
 *
 * @example
 * import { oneOf } from 'sallyport/credentials'
 */
export function oneOf<const A extends readonly CredentialAuthenticator<Principal>[]>(
  ...kinds: A
): CredentialAuthenticator<PrincipalOf<A[number]>> {
  return credential(kinds.flatMap(({ schemes }) => schemes)) as CredentialAuthenticator<
    PrincipalOf<A[number]>
  >
}

type PrincipalOf<A> = A extends CredentialAuthenticator<infer P> ? P : never
