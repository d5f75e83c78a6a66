import type { Authenticator, ChallengeScheme } from './authenticator.ts'
import type { Denial, Received, RequestHeaders } from './contract.ts'
import { type DenialEntry, denials, statusOf } from './denials.ts'

/** Schemes whose errors are those of OAuth (RFC 6750 section 3.1, RFC 9449 section 7.1). */
const OAUTH = ['bearer', 'dpop']
/** Errors of the proof, which only DPoP has (RFC 9449 section 12.2). */
const OF_PROOF = ['invalid_dpop_proof', 'use_dpop_nonce']
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/

/**
 * The challenges of a refusal, one for each scheme (RFC 9110 section 11.6.1). The error stands on the scheme that
 * the credential came in alone: on another it would tell a client that what it did not send is wrong. That one comes first, for
 * clients that read no further. Nothing that was sent is repeated: every value is configured or constant.
 */
export function challengesOf(
  denial: Denial,
  authenticator: Pick<Authenticator, 'kind' | 'challenges'>,
  { headers, host }: Pick<Received, 'headers' | 'host'>,
  metadataUrl?: string,
  status = statusOf(denial),
): string[] {
  const { title, oauth }: DenialEntry = denials[denial.code]
  if (status !== 401 && oauth === undefined) return []
  const schemes = schemesOf(authenticator)
  const used = oauth === undefined ? [] : usedOf(schemes, oauth, denial, headers)
  // Only a 401 asks for other credentials; elsewhere a challenge without the error would say nothing.
  const others = status === 401 ? schemes.filter((scheme) => !used.includes(scheme)) : []
  return [...used, ...others].map((challenge) => {
    const isOauth = OAUTH.includes(challenge.scheme.toLowerCase())
    const parameters = {
      realm: host,
      ...challenge.parameters,
      ...(isOauth && metadataUrl !== undefined && { resource_metadata: metadataUrl }),
      ...(oauth !== undefined &&
        used.includes(challenge) && { error: oauth, error_description: title, ...details(denial) }),
    }
    const written = Object.entries(parameters).map(([name, value]) => `${name}=${quoted(value)}`)
    return `${challenge.scheme} ${written.join(', ')}`
  })
}

/** A certificate is asked for in the handshake of TLS, yet every 401 has to name a scheme. */
function schemesOf({
  kind,
  challenges = [],
}: Pick<Authenticator, 'kind' | 'challenges'>): readonly ChallengeScheme[] {
  if (challenges.length > 0) return challenges
  return kind === 'certificate' ? [{ scheme: 'ClientCertificate' }] : []
}

/**
 * The schemes that the error is about: the one that the denial names, else the one of the Authorization header. A header of
 * no scheme of the route could have meant any of them; without such a header the credential was none of OAuth's.
 */
function usedOf(
  schemes: readonly ChallengeScheme[],
  error: string,
  { challenge }: Denial,
  headers: RequestHeaders,
): readonly ChallengeScheme[] {
  const authorization = headers.get('authorization')
  const named = (challenge?.scheme ?? TOKEN.exec(authorization ?? '')?.[0])?.toLowerCase()
  const oauth = schemes.filter(({ scheme }) => {
    const name = scheme.toLowerCase()
    return OF_PROOF.includes(error) ? name === 'dpop' : OAUTH.includes(name)
  })
  if (authorization === undefined && challenge?.scheme === undefined) return []
  const isOurs = schemes.some(({ scheme }) => scheme.toLowerCase() === named)
  return isOurs ? oauth.filter(({ scheme }) => scheme.toLowerCase() === named) : oauth
}

const details = ({ challenge: { scope, acrValues, maxAgeSeconds } = {} }: Denial) => ({
  ...(scope !== undefined && { scope }),
  ...(acrValues !== undefined && { acr_values: acrValues }),
  ...(maxAgeSeconds !== undefined && { max_age: String(maxAgeSeconds) }),
})

/** RFC 9110 section 5.6.4; what no header can carry becomes a question mark. */
const quoted = (value: string): string =>
  `"${value.replace(/[^ -~]/g, '?').replace(/["\\]/g, (character) => `\\${character}`)}"`
