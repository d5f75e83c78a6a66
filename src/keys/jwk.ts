import { encodeBase64url } from '../lib/base64url.ts'
import { sha256, utf8 } from '../lib/digest.ts'
import { canonicalOf, importAs, type PublicJwk } from '../lib/jwk.ts'
import type { VerifyKey } from './key-source.ts'

/** The key behind a JWK, or undefined where the runtime refuses it: a point that is not on its curve, for one. */
export async function importVerifyKey(jwk: PublicJwk): Promise<VerifyKey | undefined> {
  const { alg, kid, ...material } = jwk
  try {
    const key = await crypto.subtle.importKey('jwk', material, importAs(alg), true, ['verify'])
    return {
      kid,
      algorithm: alg,
      key,
      thumbprint: encodeBase64url(await sha256(utf8(canonicalOf(material)))),
    }
  } catch {
    return undefined
  }
}
