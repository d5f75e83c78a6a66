import { randomBytes } from 'node:crypto'
import { importSigningKey } from '../origin/sign.ts'
import { PROOF_KEY } from '../stages/forward/proof.ts'
import { freshSecret } from '../testing/fresh-secret.ts'
import { providers } from './catalog.ts'

/** The secret of the control endpoint in src/worker.ts. */
export const CONTROL_KEY = 'CONTROL_KEY'

const SECRET_BYTES = 32

/** What a secret has to look like. */
export interface SecretForm {
  /** In words, for whoever has to write one. */
  words: string
  /** A random value of the form. */
  fresh: () => Promise<string>
  /** Asks the parser that the Worker uses. */
  holds: (text: string) => Promise<boolean>
}

const base64 = () => randomBytes(SECRET_BYTES).toString('base64')
const base64url = () => randomBytes(SECRET_BYTES).toString('base64url')

const proofForm: SecretForm = {
  words: '<key id>:hmac-sha256:<base64 of 32 bytes or more>',
  fresh: async () => `playground:hmac-sha256:${base64()}`,
  holds: (text) =>
    importSigningKey(text).then(
      () => true,
      () => false,
    ),
}

/** A signing key as the proof takes it, and the operators' commands. */
const keyForm: SecretForm = { ...proofForm, fresh: async () => `operator:hmac-sha256:${base64()}` }

/** The form of a secret by who reads it: PROOF_KEY, CONTROL_KEY, or a scheme by its name; anything goes for others. */
export function secretForm(reader: string | undefined): SecretForm {
  if (reader === PROOF_KEY) return proofForm
  if (reader === CONTROL_KEY) return keyForm
  const scheme = providers.find(({ scheme: { name } }) => name === reader)?.scheme
  return {
    words: `${scheme?.secretForm ?? 'a text'}, without spaces at its ends`,
    fresh: async () => (scheme && (await freshSecret(scheme))?.text) ?? base64url(),
    holds: async (text) =>
      text.trim() === text && (!scheme || scheme.proof.keys.some(({ decode }) => decode(text) !== undefined)),
  }
}
