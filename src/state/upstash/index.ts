export type { Operations } from '../operations.ts'
export { type UpstashStateOptions, upstashState } from './backend.ts'
export { upstashOperations } from './operations.ts'
