export type { Operations } from '../operations.ts'
export { type DurableObjectStateOptions, durableObjectState } from './backend.ts'
export { SallyportState } from './object.ts'
export { durableObjectOperations } from './operations.ts'
