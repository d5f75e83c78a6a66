import { sign } from 'sallyport/testing'
import { standard } from 'sallyport/webhooks'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { secrets, type TestGateway } from '../harness/gateway.ts'

/** An operation of shared state, with the object calls that it made (milliseconds). */
export interface Call {
  operation: string
  objects: { name: string; method: string; start: number; end: number }[]
}

/** The gateway under test, whatever its backend, and what the rows need around it. */
export interface ReplayTools {
  readonly gateway: TestGateway
  /** A number that nobody had before. */
  serial(): number
  /** A signed Standard Webhooks delivery that nothing has seen before. */
  fresh(id?: string): ReturnType<typeof sign>
  /** Operations of shared state since this was last asked. */
  calls(): Promise<Call[]>
  fault(operation: string, kind: string, times: number): Promise<unknown>
}

let serial = 0

/** Starts a gateway before the tests of the surrounding block and ends it after. */
export function useGateway(start: () => Promise<TestGateway>): ReplayTools {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await start()
  })
  afterAll(() => gateway.close())
  beforeEach(async () => {
    gateway.origin.clear()
    await gateway.door('/_test/calls')
  })
  return {
    get gateway() {
      return gateway
    },
    serial: () => ++serial,
    fresh: (id = `msg_${process.pid}_${++serial}`) =>
      sign(standard, {
        secret: secrets.STANDARD_WEBHOOK_SECRET,
        id,
        body: JSON.stringify({ serial: ++serial }),
      }),
    calls: () => gateway.door<Call[]>('/_test/calls'),
    fault: (operation, kind, times) => gateway.door('/_test/fault', { operation, fault: kind, times }),
  }
}
