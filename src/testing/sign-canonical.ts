import type { SignedProof } from '../webhooks/signed.ts'
import type { SignedDelivery } from './delivery.ts'
import type { Draft } from './sign.ts'
import { signHeaders } from './sign-headers.ts'

/** For Contentful: signs the headers of the draft, with the time and the list of what is signed. */
export function signCanonical(proof: SignedProof, draft: Draft): Promise<SignedDelivery> {
  const list = 'x-contentful-signed-headers'
  const names = [...Object.keys(draft.headers), list, 'x-contentful-timestamp'].sort().join(',')
  return signHeaders(proof, { ...draft, headers: { ...draft.headers, [list]: names } })
}
