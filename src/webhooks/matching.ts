import { allow, deny, type Result } from '../contract.ts'
import type { KeyForm } from './keys.ts'
import type { Asked, Checked } from './scheme.ts'

/** A signature that a request came with. */
export interface Candidate {
  /** The key form that it belongs to. */
  form: number
  bytes: Uint8Array<ArrayBuffer>
}

/** Tries each candidate with each key of its form, one after the other: a few of both at most. */
export function matching(
  forms: readonly KeyForm[],
  candidates: readonly Candidate[],
  message: Uint8Array<ArrayBuffer>,
  { keys }: Pick<Asked, 'keys'>,
  id?: string,
): Promise<Result<Checked>> {
  // `then` and not an async function: most deliveries have one key and one candidate, and a turn more is a twentieth of that.
  function attempt(from: number): Promise<Result<Checked>> {
    for (let at = from; at < keys.length * candidates.length; at++) {
      const key = keys[Math.floor(at / candidates.length)]
      const candidate = candidates[at % candidates.length]
      const algorithm = key && forms[key.form]?.algorithm
      if (candidate === undefined || algorithm === undefined || candidate.form !== key?.form) continue
      return algorithm.verify(key.key, candidate.bytes, message).then((isIts) => {
        if (!isIts) return attempt(at + 1)
        return allow(id === undefined ? { slot: key.slot, message } : { slot: key.slot, message, id })
      })
    }
    return Promise.resolve(deny('signature_refused', 'no signature matches'))
  }
  return attempt(0)
}
