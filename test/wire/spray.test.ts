import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { startGateway } from './harness/gateway.ts'

const CLIENTS = 100_000
/** Clients of one call to the Worker. */
const BATCH = 2000

/** Megabytes that the process holds, or 0 where the system does not tell. */
function heldBy(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

it('a flood from 100,000 clients leaves an isolate no larger than one from 20,000', {
  timeout: 180_000,
}, async () => {
  const gateway = await startGateway({
    entry: 'test/wire/workers/spray.ts',
    bindings: { STATE: 'upstash', TRUST: 'cloudflare' },
  })
  const spray = async (from: number, to: number) =>
    JSON.parse((await gateway.call({ target: `/?from=${from}&to=${to}` })).text) as {
      denied: number
      asked: number
    }
  const sprayAll = async (from: number, to: number) => {
    for (let at = from; at < to; at += BATCH) expect((await spray(at, at + BATCH)).denied).toBe(BATCH)
    return heldBy(gateway.workerd.pid)
  }
  try {
    const cold = heldBy(gateway.workerd.pid)
    const full = await sprayAll(0, 20_000)
    const end = await sprayAll(20_000, CLIENTS)
    console.log(
      `workerd holds ${Math.round(cold)} MB at the start, ${Math.round(full)} MB after 20,000 clients over their limit, ${Math.round(end)} MB after 100,000`,
    )
    expect(end).toBeLessThan(full + 48)
    // The last ones are remembered and cost no call; the first were forgotten and cost one again.
    expect(await spray(CLIENTS - BATCH, CLIENTS)).toEqual({ denied: BATCH, asked: CLIENTS })
    expect(await spray(0, BATCH)).toEqual({ denied: BATCH, asked: CLIENTS + BATCH })
  } finally {
    await gateway.close()
  }
})
