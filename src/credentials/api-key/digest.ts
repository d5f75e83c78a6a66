import { allow, deny, type Env, type Result, secretOf } from '../../contract.ts'
import { sha256, utf8 } from '../../lib/digest.ts'
import { encodeHex } from '../../lib/hex.ts'
import { checksumKey, hasChecksum, MIN_CHECKSUM_SECRET_CHARS } from './form.ts'
import type { ApiKeyOptions } from './options.ts'

/** Where a key is looked up; denied where the key itself shows that there is nothing to look up. */
export type Digest = (text: string, env: Env) => Promise<Result<string>>

/** The digest of a key of ours, if its checksum was made with the secret in either of its two places. */
export function ownDigest(checksum: string): Digest {
  const places = [checksum, `${checksum}_NEXT`].map((name) => ({ name, keyFrom: imported() }))
  return async function digestOf(text, env) {
    let usable = 0
    for (const { name, keyFrom } of places) {
      const secret = secretOf(env, name)
      if (secret === undefined || secret.length < MIN_CHECKSUM_SECRET_CHARS) continue
      usable += 1
      if (await hasChecksum(text, await keyFrom(secret))) return allow(await plainDigest(text))
    }
    return usable === 0
      ? notConfigured(checksum)
      : deny('credential_refused', 'the checksum is not of the key')
  }
}

/** The digest of a key that was made elsewhere. */
export function importedDigest({ hmac }: NonNullable<ApiKeyOptions['imported']>): Digest {
  if (hmac === undefined) return async (text) => allow(await plainDigest(text))
  const keyFrom = imported()
  return async function digestOf(text, env) {
    const secret = secretOf(env, hmac)
    if (secret === undefined)
      return deny('not_configured', `secret ${hmac} is not set; set it with wrangler secret put ${hmac}`)
    const mac = await crypto.subtle.sign('HMAC', await keyFrom(secret), utf8(text))
    return allow(encodeHex(new Uint8Array(mac)))
  }
}

const plainDigest = async (text: string): Promise<string> => encodeHex(await sha256(utf8(text)))

/** Imports a secret once per isolate, and again only when its text changes. */
function imported(): (secret: string) => Promise<CryptoKey> {
  let last: { secret: string; key: CryptoKey } | undefined
  return async function keyFrom(secret) {
    if (last?.secret !== secret) last = { secret, key: await checksumKey(secret) }
    return last.key
  }
}

const notConfigured = (name: string) =>
  deny(
    'not_configured',
    `secret ${name} is not set, or has fewer than ${MIN_CHECKSUM_SECRET_CHARS} characters; make one with openssl rand -base64 32`,
  )
