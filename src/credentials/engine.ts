import type { Authenticator, ChallengeScheme, Proven, Verify } from '../authenticator.ts'
import { allow, deny, type Env, type Identified, type Result } from '../contract.ts'
import type { Principal } from '../principals.ts'
import { isInQuery, present, repeated } from './present.ts'
import type { CredentialScheme, Place } from './scheme.ts'

/** An authenticator that is made of credential schemes, and so can stand in `oneOf`. */
export interface CredentialAuthenticator<P extends Principal, K extends Principal['kind'] = P['kind']>
  extends Authenticator<P, K> {
  readonly schemes: readonly CredentialScheme<P>[]
}

/** Makes an authenticator out of schemes: exactly one credential a request, and the scheme that it belongs to decides. */
export function credential<P extends Principal>(
  schemes: readonly CredentialScheme<P>[],
): CredentialAuthenticator<P> {
  const places = distinct(schemes.flatMap((scheme) => scheme.places))
  const takers = new Map(places.map((place) => [place, schemes.filter((scheme) => reads(scheme, place))]))
  const challenges = distinct(schemes.flatMap((scheme) => scheme.challenges))
  return {
    name: schemes.map(({ name }) => name).join(' or '),
    // Of several kinds the one that demands an authorize rule stands for all.
    kind: (schemes[0] as CredentialScheme<P>).kind,
    kinds: [...new Set(schemes.map(({ kind }) => kind))],
    signsBody: false,
    secrets: [...new Set(schemes.flatMap((scheme) => scheme.secrets))],
    challenges,
    issuers: [...new Set(schemes.flatMap(({ issuers = [] }) => issuers))],
    vars: schemes.flatMap(({ vars = [] }) => vars),
    certificateBound: schemes.some(({ certificateBound }) => certificateBound === true),
    schemes,
    inspect(facts: Identified, env: Env): Result<Verify<P>> {
      const presented = present(facts, places)
      if (!presented.ok) return presented
      const { value } = presented
      if (value === undefined) return deny('credential_missing', 'no credential is presented')
      const taking = takers.get(value.place)
      const scheme =
        taking?.find((scheme) => scheme.takes(value, env)) ??
        taking?.find((scheme) => scheme.mayTake?.(value, env))
      if (scheme === undefined)
        return deny('credential_refused', 'the credential is of no kind that the route takes')
      const inspected = scheme.inspect(value, facts, env)
      if (!inspected.ok) return inspected
      if (isInQuery(facts)) return repeated('a credential came in the query too')
      return allow(named(scheme.name, inspected.value))
    },
  }
}

/** Adds to what a scheme proves which one it was. */
const named =
  <P extends Principal>(credential: string, verify: Verify<P>): Verify<P> =>
  async (body, means): Promise<Result<Proven<P>>> => {
    const proven = await verify(body, means)
    return proven.ok ? allow({ ...proven.value, credential }) : proven
  }

/** Places and challenges are small plain data: what reads alike is alike. */
const keyOf = (item: Place | ChallengeScheme): string => JSON.stringify(item)

/** Whether a scheme looks for its credentials at a place. */
export const reads = ({ places }: CredentialScheme, place: Place): boolean =>
  places.some((own) => keyOf(own) === keyOf(place))

function distinct<T extends Place | ChallengeScheme>(items: readonly T[]): T[] {
  const keys = items.map(keyOf)
  return items.filter((_, i) => keys.indexOf(keys[i] ?? '') === i)
}
