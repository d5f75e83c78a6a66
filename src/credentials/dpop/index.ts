export { type Dpop, dpop } from './dpop.ts'
export type { DpopOptions, ProofAlgorithm } from './options.ts'
