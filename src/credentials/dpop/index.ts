export { inspectProof, type Proof } from './inspect.ts'
export { compileDpop, type Dpop, type DpopOptions, dpopChallenge, type ProofAlgorithm } from './options.ts'
export { type Bound, type ProvenByProof, verifyProof } from './verify.ts'
