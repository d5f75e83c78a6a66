import { allow, deny, type Result } from '../contract.ts'
import type { KeyForm } from './keys.ts'
import type { Asked, Checked } from './scheme.ts'

/** A signature that a request came with. */
export interface Candidate {
  /** The key form that it belongs to. */
  form: number
  bytes: Uint8Array<ArrayBuffer>
}

/** Tries each candidate with each key of its form: a few of both at most. */
export async function matching(
  forms: readonly KeyForm[],
  candidates: readonly Candidate[],
  message: Uint8Array<ArrayBuffer>,
  { keys }: Pick<Asked, 'keys'>,
  id?: string,
): Promise<Result<Checked>> {
  for (const { slot, form, key } of keys) {
    for (const candidate of candidates) {
      if (candidate.form !== form) continue
      if (await forms[form]?.algorithm.verify(key, candidate.bytes, message)) {
        return allow(id === undefined ? { slot, message } : { slot, message, id })
      }
    }
  }
  return deny('signature_refused', 'no signature matches')
}
