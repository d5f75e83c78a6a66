import { allow, deny, type Env, type Result, secretOf } from '../../contract.ts'
import { importSigningKey, type SigningKey } from '../../origin/sign.ts'

/** The Worker secret that the proof is signed with: `<key id>:hmac-sha256:<base64>` or `<key id>:ed25519:<base64>`. */
export const PROOF_KEY = 'PROOF_KEY'

let imported: { text: string; key: SigningKey } | undefined

/** The signing key, imported once per isolate; without one nothing is forwarded. */
export async function proofKey(env: Env): Promise<Result<SigningKey>> {
  const text = secretOf(env, PROOF_KEY)
  if (text === undefined) {
    return deny(
      'not_configured',
      `secret ${PROOF_KEY} is not set; set it with wrangler secret put ${PROOF_KEY}`,
    )
  }
  if (imported?.text === text) return allow(imported.key)
  try {
    const key = await importSigningKey(text)
    imported = { text, key }
    return allow(key)
  } catch {
    return deny(
      'not_configured',
      `secret ${PROOF_KEY} is not of the form <key id>:hmac-sha256:<base64 of 32 bytes or more>`,
    )
  }
}
