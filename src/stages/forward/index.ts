export { answer } from './answer.ts'
export { type Prepared, prepare, prepareUnproven } from './prepare.ts'
export { type Forwarded, forward } from './send.ts'
