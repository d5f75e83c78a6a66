export { type UpstashStateOptions, upstashState } from './backend.ts'
export { type UpstashOperations, upstashOperations } from './operations.ts'
