export type { SignedDelivery, SignOptions } from './delivery.ts'
export { sign } from './sign.ts'
export { signToken } from './token.ts'
