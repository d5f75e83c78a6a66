export type { HeaderInput } from './fields.ts'
export type { Refusal } from './refusal.ts'
export { memorySeenSet, type SeenSetOptions } from './seen.ts'
export {
  createVerifier,
  type IncomingRequest,
  type Verdict,
  type Verifier,
  type VerifierOptions,
} from './verify.ts'
