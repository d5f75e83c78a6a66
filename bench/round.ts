import type { Workerd } from '../test/wire/harness/workerd.ts'
import { type Contestant, expectedOf } from './contestants.ts'
import { cpuMicroseconds, idle } from './cpu.ts'
import { deliveries } from './deliveries.ts'
import { drive } from './load.ts'
import type { Origin } from './origin.ts'

/**
 * Sends `count` fresh deliveries and gives back the CPU that workerd used for each, in microseconds.
 * Throws unless every one was answered as expected, seen by the origin or kept from it, and settled.
 */
export async function round(
  contestant: Contestant,
  workerd: Workerd,
  origin: Origin,
  count: number,
): Promise<number> {
  const requests = deliveries(count, contestant.forged ?? false)
  const before = cpuMicroseconds(workerd.pid)
  await drive(workerd.port, requests, expectedOf(contestant))
  await idle(workerd.pid)
  const used = cpuMicroseconds(workerd.pid) - before

  expectCount(contestant, 'reached the origin', await origin.takeCount(), contestant.forged ? 0 : count)
  if (contestant.records) {
    const committed = workerd.lines.filter((line) => line.includes('"settled":"committed"')).length
    expectCount(contestant, 'are recorded as committed', committed, count)
  }
  workerd.lines.length = 0
  return used / count
}

function expectCount({ name }: Contestant, what: string, seen: number, expected: number): void {
  if (seen !== expected) throw new Error(`${name}: ${seen} deliveries ${what}, not ${expected}`)
}
