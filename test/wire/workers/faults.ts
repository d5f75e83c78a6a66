import type { State, StateFactory } from 'sallyport'
import { upstashOperations } from 'sallyport/upstash'

/** What happens to the next calls of an operation of shared state. */
export type StateFault = 'throw' | 'hang' | 'lost-reply'

interface Call {
  operation: 'admit' | 'settle' | 'giveBack'
  /** Object calls that the operation made, with when each began and ended (milliseconds). */
  objects: { name: string; method: string; start: number; end: number }[]
}

const calls: Call[] = []
const faults = new Map<string, { fault: StateFault; times: number }>()

/** The real backend, with its calls recorded and faults put between it and the gateway. */
export const faulty =
  (make: StateFactory): StateFactory =>
  (env) => {
    const same = make(env)
    const through = async <T>(
      operation: Call['operation'],
      run: (state: State) => Promise<T>,
    ): Promise<T> => {
      const call: Call = { operation, objects: [] }
      calls.push(call)
      const state =
        env.STATE === 'upstash'
          ? same
          : make({ ...env, SALLYPORT_STATE: watched(env.SALLYPORT_STATE as DurableObjectNamespace, call) })
      const planned = faults.get(operation)
      if (!planned || planned.times-- <= 0) return run(state)
      if (planned.fault === 'throw') throw new Error('shared state is down')
      if (planned.fault === 'hang') return new Promise(() => {})
      await run(state)
      throw new Error('the reply was lost')
    }
    return {
      ...same,
      admit: (request) => through('admit', (state) => state.admit(request)),
      settle: (settlement) => through('settle', (state) => state.settle(settlement)),
      giveBack: (request) => through('giveBack', (state) => state.giveBack(request)),
    }
  }

/** Notes each call to an object. */
function watched(namespace: DurableObjectNamespace, call: Call): object {
  return {
    getByName: (name: string) =>
      new Proxy(namespace.getByName(name), {
        get(stub, method) {
          if (typeof method !== 'string') return Reflect.get(stub, method)
          return async (...args: unknown[]) => {
            const noted = { name, method, start: performance.now(), end: 0 }
            call.objects.push(noted)
            try {
              // Called on the stub: a method taken off it would be a remote property with remote `apply`.
              return await (stub as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[
                method
              ]?.(...args)
            } finally {
              noted.end = performance.now()
            }
          }
        },
      }),
  }
}

/** The test's own door, beside the gateway: faults, recorded calls and the control list. */
export async function testDoor(
  request: Request,
  env: Record<string, unknown> & { SALLYPORT_STATE: DurableObjectNamespace },
): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/_test/calls') return Response.json(calls.splice(0))
  const body = (await request.json()) as Record<string, string | number>
  if (pathname === '/_test/fault') {
    faults.set(String(body.operation), { fault: body.fault as StateFault, times: Number(body.times) })
    return Response.json({})
  }
  const control = (env.STATE === 'upstash'
    ? upstashOperations(env)
    : env.SALLYPORT_STATE.getByName('control')) as unknown as Record<
    string,
    (...args: unknown[]) => Promise<unknown>
  >
  await control[String(body.method)]?.(body.subject, Date.now() + Number(body.forMs ?? 60_000))
  return Response.json({})
}
