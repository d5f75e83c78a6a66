import { createHmac } from 'node:crypto'
import { secrets, type TestGateway } from '../harness/gateway.ts'
import type { RawAnswer } from '../harness/raw.ts'

/** What the test scheme signs: method, query and body. */
export interface Sent {
  method?: string
  query?: string
  /** @default for POST a body like no other */
  body?: string | Uint8Array
  /** The Content-Type, or undefined for none. @default 'application/json' */
  type?: string | undefined
  headers?: [string, string][]
  /** In place of the right one. */
  signature?: string
}

let serial = 0
/** A number that no other test has, so that no delivery is a copy of another. */
export const next = (): number => ++serial
export const fresh = (): string => JSON.stringify({ id: next(), at: process.hrtime.bigint().toString() })

/** Sends to a gateway of `workers/senders.ts`, signed unless it says otherwise. */
export const sending =
  (gateway: TestGateway) =>
  (path: string, sent: Sent = {}): Promise<RawAnswer> => {
    const { method = 'POST', query = '', headers = [] } = sent
    const body = sent.body ?? (method === 'POST' ? fresh() : undefined)
    const mac = createHmac('sha256', secrets.STANDARD_WEBHOOK_SECRET).update(`${method}\n${query}\n`)
    const signature = sent.signature ?? mac.update(body ?? '').digest('hex')
    const type: [string, string][] =
      body === undefined || ('type' in sent && sent.type === undefined)
        ? []
        : [['Content-Type', sent.type ?? 'application/json']]
    return gateway.call({
      method,
      target: path + query,
      headers: [...type, ['X-Test-Signature', signature], ...headers],
      ...(body !== undefined && { body }),
    })
  }
