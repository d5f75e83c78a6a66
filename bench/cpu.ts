import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

const POLL_MS = 60
const IDLE_POLLS = 2
const IDLE_TIMEOUT_MS = 5000

/** Whether the system tells the CPU time of another process. */
export const tellsCpuTime = (): boolean => existsSync('/proc/self/stat')

let ticksPerSecond: number | undefined

/** CPU time in microseconds that the process and all its threads, ended ones too, have used (proc(5), fields 14 and 15). */
export function cpuMicroseconds(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command's name, field 2, may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticksPerSecond
}

/** Waits until the process has no work left: what follows an answer belongs to its request. */
export async function idle(pid: number): Promise<void> {
  const end = Date.now() + IDLE_TIMEOUT_MS
  let before = cpuMicroseconds(pid)
  for (let calm = 0; calm < IDLE_POLLS; ) {
    if (Date.now() > end) throw new Error(`the process has not come to rest in ${IDLE_TIMEOUT_MS} ms`)
    await wait(POLL_MS)
    const now = cpuMicroseconds(pid)
    calm = now === before ? calm + 1 : 0
    before = now
  }
}
