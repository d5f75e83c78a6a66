export { type DurableObjectStateOptions, durableObjectState } from './backend.ts'
export { SallyportState } from './object.ts'
export { durableObjectOperations, type Operations } from './operations.ts'
