export type { ProofAlgorithm } from './algorithms.ts'
export { inspectProof, type Proof } from './inspect.ts'
export { compileDpop, type Dpop, type DpopOptions, dpopChallenge } from './options.ts'
export { type Bound, type ProvenByProof, verifyProof } from './verify.ts'
