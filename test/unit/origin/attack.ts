import type { VerifierOptions } from '../../../src/origin/verify.ts'
import { COVERED, type Sent, signed } from './proofs.ts'

/** A request that must be refused, and where it is tried. */
export interface Attack {
  name: string
  request: () => Promise<Sent>
  options?: Partial<VerifierOptions>
  now?: number
}

export const add = (sent: Sent, ...pairs: [string, string][]): Sent => ({
  ...sent,
  headers: [...sent.headers, ...pairs],
})
export const without = (name: string) => COVERED.filter((other) => other !== name)
export const streamed = async (length = '13'): Promise<Sent> =>
  signed({
    headers: { 'sallyport-body': 'streamed', 'content-length': length },
    parts: {
      digest: 'streamed',
      asserted: ['sallyport-body', 'sallyport-host', 'sallyport-id', 'sallyport-route', 'x-subject'],
    },
  })
